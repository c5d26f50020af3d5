#![allow(missing_docs)]
mod machine;
mod state;
use crate::notification::{ToValue, Value};
pub use state::{Direction, SessionError, SessionState};
#[derive(Debug, Clone)]
pub struct Session;
impl ToValue for Session {
    fn to_value(&self) -> Value {
        Value::Null
    }
}
