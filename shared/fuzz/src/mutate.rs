//! Bodies that are almost right: JSON with a few places changed, or bytes with a few places
//! damaged.
//!
//! A random text is refused at its first byte. What is dangerous looks real, so every body here
//! begins as a real one.

use serde_json::{Value, json};

/// Numbers and texts at the edges of what a field may hold.
const JUNK: [&str; 30] = [
    "null",
    "true",
    "[]",
    "{}",
    "\"\"",
    "0",
    "-0.0",
    "-1",
    "1",
    "1e308",
    "-1e308",
    "5e-324",
    "18446744073709551615",
    "1.5",
    "\"0\"",
    "\"-0\"",
    "\"-1\"",
    "\"1e308\"",
    "\"1e999\"",
    "\"-1e308\"",
    "\"5e-324\"",
    "\"NaN\"",
    "\"inf\"",
    "\" 1\"",
    "\"0x10\"",
    "\"9007199254740993\"",
    "\"<b>\"",
    "\"SYSTEM_STATUS\"",
    "\"\\u0000\"",
    "\"\\ud83d\\ude00\"",
];

/// Bytes that mean something in JSON.
const MARKS: &[u8] = b"0123456789.-+eE\"{}[],:n \\";

/// A stream of numbers that looks random and is a function of its seed (splitmix64).
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// Begins a stream.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `limit`, or 0 where there is none.
    fn below(&mut self, limit: usize) -> usize {
        match u64::try_from(limit) {
            Ok(limit @ 1..) => usize::try_from(self.next() % limit).unwrap_or(0),
            _ => 0,
        }
    }
}

/// The body with one change: mostly to one place of its JSON, sometimes to its bytes.
#[must_use]
pub fn mutated(body: &[u8], dice: &mut Dice) -> Vec<u8> {
    match serde_json::from_slice::<Value>(body) {
        Ok(mut tree) if dice.below(6) > 0 => {
            change(&mut tree, dice);
            tree.to_string().into_bytes()
        }
        _ => damaged(body, dice),
    }
}

/// The bytes with one of them overwritten, or a stretch cut out, doubled, or all after it dropped.
fn damaged(body: &[u8], dice: &mut Dice) -> Vec<u8> {
    let mut bytes = body.to_vec();
    let place = dice.below(bytes.len());
    let end = (place + 1 + dice.below(40)).min(bytes.len());
    match dice.below(6) {
        0 => bytes.truncate(place),
        1 => drop(bytes.drain(place..end)),
        2 => {
            let stretch: Vec<u8> = bytes.get(place..end).unwrap_or_default().to_vec();
            drop(bytes.splice(place..place, stretch));
        }
        kind => {
            let random = dice.next().to_le_bytes()[0];
            let mark = MARKS
                .get(dice.below(MARKS.len()))
                .copied()
                .unwrap_or(random);
            if let Some(byte) = bytes.get_mut(place) {
                *byte = if kind == 3 { random } else { mark };
            }
        }
    }
    bytes
}

/// Changes one place of a tree.
fn change(tree: &mut Value, dice: &mut Dice) {
    let count = size(tree);
    let (target, other) = (dice.below(count), dice.below(count));
    let graft = nth(tree, other).clone();
    let place = nth_mut(tree, target);
    match dice.below(10) {
        0 => *place = junk(dice),
        1 => *place = graft,
        2 => remove_one(place, dice),
        3 => repeat_one(place, dice),
        4 => swap_two(place, dice),
        _ => nudge(leaf_within(place, dice), dice),
    }
}

fn junk(dice: &mut Dice) -> Value {
    JUNK.get(dice.below(JUNK.len()))
        .and_then(|text| serde_json::from_str(text).ok())
        .unwrap_or(Value::Null)
}

/// How many values a tree has.
fn size(tree: &Value) -> usize {
    1 + children(tree).into_iter().map(size).sum::<usize>()
}

fn children(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(items) => items.iter().collect(),
        Value::Object(fields) => fields.values().collect(),
        _ => Vec::new(),
    }
}

fn nth(tree: &Value, index: usize) -> &Value {
    let Some(mut index) = index.checked_sub(1) else {
        return tree;
    };
    for child in children(tree) {
        let size = size(child);
        if index < size {
            return nth(child, index);
        }
        index -= size;
    }
    tree
}

/// The same place, to be changed. Found by its path, for two borrows of a tree do not go together.
fn nth_mut(tree: &mut Value, mut index: usize) -> &mut Value {
    let mut place = tree;
    while index > 0 {
        index -= 1;
        let mut chosen = 0;
        for child in children(place) {
            let size = size(child);
            if index < size {
                break;
            }
            index -= size;
            chosen += 1;
        }
        // The index is below the size of the tree, so there is such a child.
        if children(place).len() <= chosen {
            return place;
        }
        place = child_mut(place, chosen);
    }
    place
}

/// A child that is known to be there; the value itself where it is not.
fn child_mut(value: &mut Value, index: usize) -> &mut Value {
    let is_there = children(value).len() > index;
    if !is_there {
        return value;
    }
    match value {
        Value::Array(items) => &mut items[index],
        Value::Object(fields) => fields.values_mut().nth(index).expect("it is there"),
        leaf => leaf,
    }
}

/// A leaf under this place, where most mutations can do something.
fn leaf_within<'v>(place: &'v mut Value, dice: &mut Dice) -> &'v mut Value {
    let mut place = place;
    loop {
        let count = children(place).len();
        if count == 0 {
            return place;
        }
        place = child_mut(place, dice.below(count));
    }
}

fn remove_one(place: &mut Value, dice: &mut Dice) {
    match place {
        Value::Array(items) if !items.is_empty() => drop(items.remove(dice.below(items.len()))),
        Value::Object(fields) => {
            let name = fields.keys().nth(dice.below(fields.len())).cloned();
            name.and_then(|name| fields.remove(&name));
        }
        other => *other = Value::Null,
    }
}

fn repeat_one(place: &mut Value, dice: &mut Dice) {
    if let Value::Array(items) = place
        && let Some(item) = items.get(dice.below(items.len())).cloned()
    {
        items.insert(dice.below(items.len() + 1), item);
    }
}

fn swap_two(place: &mut Value, dice: &mut Dice) {
    match place {
        Value::Array(items) if !items.is_empty() => {
            let (one, other) = (dice.below(items.len()), dice.below(items.len()));
            items.swap(one, other);
        }
        Value::Object(fields) if !fields.is_empty() => {
            let names: Vec<String> = fields.keys().cloned().collect();
            let (one, other) = (
                &names[dice.below(names.len())],
                &names[dice.below(names.len())],
            );
            let (first, second) = (fields[one].clone(), fields[other].clone());
            fields.insert(one.clone(), second);
            fields.insert(other.clone(), first);
        }
        _ => {}
    }
}

/// Moves a number a little or a lot and keeps its kind; anything else becomes junk.
fn nudge(place: &mut Value, dice: &mut Dice) {
    let moved = |number: f64, dice: &mut Dice| match dice.below(8) {
        0 => -number,
        1 => number + 1.0,
        2 => number - 1.0,
        3 => number * 1e9,
        4 => number * 1e-9,
        5 => 0.0,
        6 => number * 2.0,
        _ => number * 1.01,
    };
    match place {
        Value::Number(number) => {
            let number = number.as_f64().unwrap_or(0.0);
            let number = moved(number, dice);
            // A time or a count is a whole number, and a fraction would be refused by its shape
            // alone.
            *place = if number.fract() == 0.0 && number.abs() < 9e15 {
                json!(number as i64)
            } else {
                json!(number)
            };
        }
        Value::String(text) => match text.parse::<f64>() {
            Ok(number) => *place = json!(moved(number, dice).to_string()),
            Err(_) => *place = junk(dice),
        },
        other => *other = junk(dice),
    }
}

/// A change of what stands in a fuzzer's buffer; returns the new length. Half of the changes are
/// the fuzzer's own, which knows what the program compared the input with.
pub fn in_place(
    data: &mut [u8],
    size: usize,
    max_size: usize,
    seed: u32,
    of_fuzzer: impl FnOnce(&mut [u8], usize, usize) -> usize,
) -> usize {
    let mut dice = Dice::new(seed.into());
    if dice.below(2) == 0 {
        return of_fuzzer(data, size, max_size);
    }
    let body = mutated(data.get(..size).unwrap_or_default(), &mut dice);
    match data.get_mut(..body.len()) {
        Some(place) if body.len() <= max_size => {
            place.copy_from_slice(&body);
            body.len()
        }
        _ => of_fuzzer(data, size, max_size),
    }
}
