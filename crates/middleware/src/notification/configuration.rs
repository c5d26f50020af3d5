//! `CFG…`

events! {
    /// What happens to the settings.
    pub enum ConfigurationEvent {
        /// An account's settings came into being.
        SettingsObjectWasCreated = "CFGSettingsObjectWasCreated" {
            /// `SIPSimpleSettings` or the account's id.
            object: String,
        },
        /// Settings were deleted.
        SettingsObjectWasDeleted = "CFGSettingsObjectWasDeleted" {
            /// `SIPSimpleSettings` or the account's id.
            object: String,
        },
        /// Settings changed.
        SettingsObjectDidChange = "CFGSettingsObjectDidChange" {
            /// `SIPSimpleSettings` or the account's id.
            object: String,
            /// The dotted names of the settings that changed.
            modified: Vec<String>,
        },
        /// Settings could not be written.
        ManagerSaveFailed = "CFGManagerSaveFailed" {
            /// What went wrong.
            error: String,
        },
    }
}
