//! An event's data as a plain tree, for logs and for programs that print it.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A plain value. Its shape is JSON's.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Value {
    /// Nothing.
    Null,
    /// Yes or no.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// A number with a fraction.
    Float(f64),
    /// Text.
    Text(String),
    /// Several values in order.
    List(Vec<Value>),
    /// Named values in order.
    Map(Vec<(String, Value)>),
}

/// What can stand in an event.
pub trait ToValue {
    /// The plain form.
    fn to_value(&self) -> Value;
}

impl ToValue for Value {
    fn to_value(&self) -> Value {
        self.clone()
    }
}

impl ToValue for bool {
    fn to_value(&self) -> Value {
        Value::Bool(*self)
    }
}

impl ToValue for str {
    fn to_value(&self) -> Value {
        Value::Text(self.to_owned())
    }
}

impl ToValue for String {
    fn to_value(&self) -> Value {
        Value::Text(self.clone())
    }
}

impl ToValue for char {
    fn to_value(&self) -> Value {
        Value::Text(self.to_string())
    }
}

impl ToValue for PathBuf {
    fn to_value(&self) -> Value {
        self.as_path().to_value()
    }
}

impl ToValue for Path {
    fn to_value(&self) -> Value {
        Value::Text(self.display().to_string())
    }
}

/// Seconds.
impl ToValue for Duration {
    fn to_value(&self) -> Value {
        if self.subsec_nanos() == 0 {
            self.as_secs().to_value()
        } else {
            Value::Float(self.as_secs_f64())
        }
    }
}

impl ToValue for u64 {
    fn to_value(&self) -> Value {
        Value::Integer(i64::try_from(*self).unwrap_or(i64::MAX))
    }
}

macro_rules! integers {
    ($($type:ty),+) => {
        $( impl ToValue for $type {
            fn to_value(&self) -> Value {
                Value::Integer(i64::from(*self))
            }
        } )+
    };
}
integers!(u8, u16, u32, i64);

macro_rules! printed {
    ($($type:ty),+) => {
        $( impl ToValue for $type {
            fn to_value(&self) -> Value {
                Value::Text(self.to_string())
            }
        } )+
    };
}
printed!(IpAddr, SocketAddr, crate::notification::Sender);

impl<T: ToValue> ToValue for Option<T> {
    fn to_value(&self) -> Value {
        self.as_ref().map_or(Value::Null, ToValue::to_value)
    }
}

impl<T: ToValue> ToValue for Vec<T> {
    fn to_value(&self) -> Value {
        Value::List(self.iter().map(ToValue::to_value).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_seconds_are_integers() {
        assert_eq!(Duration::from_secs(3).to_value(), Value::Integer(3));
        assert_eq!(Duration::from_millis(1500).to_value(), Value::Float(1.5));
    }

    #[test]
    fn nothing_is_null() {
        assert_eq!(None::<String>.to_value(), Value::Null);
        assert_eq!(
            vec![1u16, 2].to_value(),
            Value::List(vec![Value::Integer(1), Value::Integer(2)])
        );
    }
}
