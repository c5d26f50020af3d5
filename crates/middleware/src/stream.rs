#![allow(missing_docs)]
use crate::notification::{ToValue, Value};
#[derive(Debug, Clone)]
pub struct Streams;
impl ToValue for Streams {
    fn to_value(&self) -> Value {
        Value::Null
    }
}
