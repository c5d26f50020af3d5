#![allow(missing_docs)]
use crate::notification::{ToValue, Value};
#[derive(Debug, Clone)]
pub struct Account;
impl ToValue for Account {
    fn to_value(&self) -> Value {
        Value::Null
    }
}
