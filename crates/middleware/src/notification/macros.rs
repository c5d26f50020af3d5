//! Defines an event enum together with its names and its data tree.

/// One enum per notification prefix. Every variant states its full name, so
/// that a search for a name of the Middleware API ends at its definition.
macro_rules! events {
    (
        $(#[$meta:meta])*
        pub enum $enum:ident {
            $(
                $(#[$variant_meta:meta])*
                $variant:ident = $name:literal
                $( { $( $(#[$field_meta:meta])* $field:ident : $type:ty ),+ $(,)? } )?
            ),+ $(,)?
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone)]
        #[non_exhaustive]
        pub enum $enum {
            $(
                $(#[$variant_meta])*
                #[doc(alias = $name)]
                $variant $( { $( $(#[$field_meta])* $field: $type ),+ } )?
            ),+
        }

        impl $enum {
            /// The full name of every event of this prefix.
            pub const NAMES: &'static [&'static str] = &[$( $name ),+];

            /// The event's full name.
            pub fn name(&self) -> &'static str {
                match self {
                    $( Self::$variant $( { $( $field: _ ),+ } )? => $name ),+
                }
            }

            /// The event's data: each field's name and value.
            pub fn data(&self) -> Vec<(&'static str, $crate::notification::Value)> {
                match self {
                    $(
                        Self::$variant $( { $( $field ),+ } )? => vec![
                            $( $( (
                                stringify!($field),
                                $crate::notification::ToValue::to_value($field),
                            ) ),+ )?
                        ]
                    ),+
                }
            }
        }
    };
}
