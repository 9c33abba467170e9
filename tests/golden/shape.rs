//! The shape of JSON: at which path which types stand.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

/// What was seen at each path of one kind of body.
#[derive(Debug, Default)]
pub(crate) struct Shape {
    types: BTreeMap<String, BTreeSet<&'static str>>,
    /// How often an object was seen at a path.
    objects: BTreeMap<String, usize>,
    /// In how many of the objects around it a field was seen.
    fields: BTreeMap<String, (String, usize)>,
    /// The hashes of the bodies that were seen as bytes.
    seen: HashSet<u64>,
}

impl Shape {
    /// Adds a body as it is sent. One that is the same to the byte says nothing new.
    pub(crate) fn see_bytes(&mut self, body: &[u8]) {
        let mut hasher = DefaultHasher::new();
        body.hash(&mut hasher);
        if self.seen.insert(hasher.finish()) {
            self.see(&serde_json::from_slice(body).unwrap());
        }
    }

    /// Adds a body.
    pub(crate) fn see(&mut self, body: &Value) {
        self.walk("", body);
    }

    /// One line per path: `path type|type`, with `?` where the field is not always there. An
    /// element of a list is `[]`, and a key that is a contract's name is `{symbol}`.
    pub(crate) fn facts(&self) -> Vec<String> {
        self.types
            .iter()
            .filter(|(path, _)| !path.is_empty())
            .map(|(path, types)| {
                let always = self
                    .fields
                    .get(path)
                    .is_none_or(|(around, seen)| *seen == self.objects[around]);
                let mut types: Vec<&str> = types.iter().copied().collect();
                types.sort_by_key(|name| *name == "null");
                format!(
                    "{path}{} {}",
                    if always { "" } else { "?" },
                    types.join("|")
                )
            })
            .collect()
    }

    fn walk(&mut self, path: &str, value: &Value) {
        self.types
            .entry(path.to_owned())
            .or_default()
            .insert(type_of(value));
        match value {
            Value::Array(items) => items
                .iter()
                .for_each(|item| self.walk(&format!("{path}[]"), item)),
            Value::Object(fields) => {
                *self.objects.entry(path.to_owned()).or_default() += 1;
                for (key, value) in fields {
                    let is_symbol = key.ends_with("USDT");
                    let key = if is_symbol { "{symbol}" } else { key };
                    let inner = if path.is_empty() {
                        key.to_owned()
                    } else {
                        format!("{path}.{key}")
                    };
                    if !is_symbol {
                        self.fields
                            .entry(inner.clone())
                            .or_insert_with(|| (path.to_owned(), 0))
                            .1 += 1;
                    }
                    self.walk(&inner, value);
                }
            }
            _ => {}
        }
    }
}

/// The name of a JSON value's type.
pub(crate) fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}
