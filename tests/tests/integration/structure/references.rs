//! Which file names which: every path of a file that leads to another file of the crate.

use std::collections::BTreeMap;

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};

use super::sources::{Sources, is_for_tests};

/// File → the files that it names, each with the path by which it first does.
pub(crate) type References = BTreeMap<String, BTreeMap<String, String>>;

pub(crate) fn references(sources: &Sources) -> References {
    sources
        .files()
        .map(|(file, module, parsed)| {
            let mut reader = Reader {
                sources,
                file,
                module: module.to_vec(),
                found: BTreeMap::new(),
            };
            reader.visit_file(parsed);
            (file.to_owned(), reader.found)
        })
        .collect()
}

struct Reader<'a> {
    sources: &'a Sources,
    file: &'a str,
    /// The module that is being read: that of the file, or one within it.
    module: Vec<String>,
    found: BTreeMap<String, String>,
}

impl Reader<'_> {
    /// Takes note of the file that a path leads to, if it is another one of this crate.
    fn name(&mut self, path: &[String]) {
        let Some(absolute) = self.absolute(path) else {
            return;
        };
        if let Some(to) = self.sources.file_of(&absolute)
            && to != self.file
        {
            self.found
                .entry(to.to_owned())
                .or_insert_with(|| path.join("::"));
        }
    }

    /// A path from the crate's root; `None` for one that leads out of the crate, or names a local
    /// thing.
    fn absolute(&self, path: &[String]) -> Option<Vec<String>> {
        let mut from = self.module.clone();
        let mut rest = path;
        match path.first()?.as_str() {
            "crate" => {
                from.clear();
                rest = &path[1..];
            }
            "self" => rest = &path[1..],
            "super" => {
                while rest.first().is_some_and(|part| part == "super") {
                    from.pop();
                    rest = &rest[1..];
                }
            }
            // A child is named without a prefix.
            child => {
                let child = [from.clone(), vec![child.to_owned()]].concat();
                return self
                    .sources
                    .is_module(&child)
                    .then(|| [child, path[1..].to_vec()].concat());
            }
        }
        from.extend(rest.iter().cloned());
        Some(from)
    }

    fn name_tree(&mut self, prefix: &[String], tree: &syn::UseTree) {
        let with = |part: &syn::Ident| [prefix, &[part.to_string()]].concat();
        match tree {
            syn::UseTree::Path(path) => self.name_tree(&with(&path.ident), &path.tree),
            syn::UseTree::Name(name) if name.ident == "self" => self.name(prefix),
            syn::UseTree::Name(name) => self.name(&with(&name.ident)),
            syn::UseTree::Rename(rename) if rename.ident == "self" => self.name(prefix),
            syn::UseTree::Rename(rename) => self.name(&with(&rename.ident)),
            syn::UseTree::Glob(_) => self.name(prefix),
            syn::UseTree::Group(group) => {
                for tree in &group.items {
                    self.name_tree(prefix, tree);
                }
            }
        }
    }

    /// Paths in what a macro is given, which is no syntax before the macro is called: only those
    /// with a prefix, for any other name may be local.
    fn name_tokens(&mut self, tokens: TokenStream) {
        let mut path: Vec<String> = Vec::new();
        let mut colons = 0;
        for token in tokens {
            match token {
                TokenTree::Ident(ident) => {
                    if colons != 2 {
                        self.end(&mut path);
                    }
                    colons = 0;
                    path.push(ident.to_string());
                }
                TokenTree::Punct(punct) if punct.as_char() == ':' => colons += 1,
                TokenTree::Group(group) => {
                    self.end(&mut path);
                    self.name_tokens(group.stream());
                }
                _ => {
                    self.end(&mut path);
                    colons = 0;
                }
            }
        }
        self.end(&mut path);
    }

    fn end(&mut self, path: &mut Vec<String>) {
        if matches!(
            path.first().map(String::as_str),
            Some("crate" | "self" | "super")
        ) && path.len() > 1
        {
            self.name(path);
        }
        path.clear();
    }
}

impl<'ast> Visit<'ast> for Reader<'_> {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        if !is_for_tests(attributes_of(item)) {
            visit::visit_item(self, item);
        }
    }

    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        // Declaring a child is not depending on it.
        if module.content.is_some() {
            self.module.push(module.ident.to_string());
            visit::visit_item_mod(self, module);
            self.module.pop();
        }
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.name_tree(&[], &item.tree);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        if !is_for_tests(&function.attrs) {
            visit::visit_impl_item_fn(self, function);
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let parts: Vec<String> = path
            .segments
            .iter()
            .map(|segment| segment.ident.to_string())
            .collect();
        // `self` alone is a value, and one part alone is a local name.
        if parts.len() > 1 && path.leading_colon.is_none() {
            self.name(&parts);
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, macro_: &'ast syn::Macro) {
        self.name_tokens(macro_.tokens.clone());
        visit::visit_macro(self, macro_);
    }

    fn visit_visibility(&mut self, _: &'ast syn::Visibility) {
        // `pub(in crate::a)` says who may use an item, not what the item uses.
    }
}

fn attributes_of(item: &syn::Item) -> &[syn::Attribute] {
    match item {
        syn::Item::Const(item) => &item.attrs,
        syn::Item::Enum(item) => &item.attrs,
        syn::Item::Fn(item) => &item.attrs,
        syn::Item::Impl(item) => &item.attrs,
        syn::Item::Macro(item) => &item.attrs,
        syn::Item::Mod(item) => &item.attrs,
        syn::Item::Static(item) => &item.attrs,
        syn::Item::Struct(item) => &item.attrs,
        syn::Item::Trait(item) => &item.attrs,
        syn::Item::Type(item) => &item.attrs,
        syn::Item::Use(item) => &item.attrs,
        _ => &[],
    }
}
