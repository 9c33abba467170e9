//! Enums whose variants have a name on the wire.

/// Defines an enum with the list of its variants and the name of each on the wire, which is what
/// serde writes.
macro_rules! wire_enum {
    ($(#[$enum_doc:meta])* $enum:ident { $($(#[$doc:meta])* $name:ident $wire:literal;)* }) => {
        $(#[$enum_doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
        pub enum $enum {
            $($(#[$doc])* #[serde(rename = $wire)] $name,)*
        }

        impl $enum {
            /// Every one, in the order of the contract.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The name on the wire.
            #[must_use]
            pub const fn wire_name(self) -> &'static str {
                match self {
                    $(Self::$name => $wire,)*
                }
            }

            /// The variant of this name; nothing where another release wrote one that this one
            /// does not know.
            #[must_use]
            pub fn of_wire_name(name: &str) -> Option<Self> {
                match name {
                    $($wire => Some(Self::$name),)*
                    _ => None,
                }
            }
        }
    };
}

pub(super) use wire_enum;
