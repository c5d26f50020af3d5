#![allow(missing_docs)]
use crate::notification::{ToValue, Value};
#[derive(Debug, Clone)]
pub struct Session;
impl ToValue for Session {
    fn to_value(&self) -> Value {
        Value::Null
    }
}
