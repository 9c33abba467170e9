//! The files of a crate, found as the compiler finds them: from the `mod` items, beginning with
//! `lib.rs`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// A crate's files that are compiled outside tests.
pub(crate) struct Sources {
    /// File, from the source folder → what is in it.
    files: BTreeMap<String, syn::File>,
    /// Path of a module, from the crate's root → the file that holds it.
    modules: BTreeMap<Vec<String>, String>,
    /// The top-level modules in the order in which `lib.rs` declares them.
    order: Vec<String>,
}

impl Sources {
    /// # Panics
    ///
    /// If a file cannot be read or is not Rust: then nothing can be said of the crate.
    pub(crate) fn read(folder: &Path) -> Self {
        Self::load(&|file| fs::read_to_string(folder.join(file)).ok())
    }

    pub(crate) fn of(files: Vec<(String, String)>) -> Self {
        let files: BTreeMap<String, String> = files.into_iter().collect();
        Self::load(&|file| files.get(file).cloned())
    }

    fn load(read: &dyn Fn(&str) -> Option<String>) -> Self {
        let mut sources = Self {
            files: BTreeMap::new(),
            modules: BTreeMap::new(),
            order: Vec::new(),
        };
        sources.add_file(read, "lib.rs".to_owned(), Vec::new());
        sources.order = top_level(&sources.files["lib.rs"]);
        sources
    }

    fn add_file(
        &mut self,
        read: &dyn Fn(&str) -> Option<String>,
        file: String,
        module: Vec<String>,
    ) {
        let text = read(&file).unwrap_or_else(|| panic!("{file} is not there"));
        let parsed = syn::parse_file(&text).unwrap_or_else(|error| panic!("{file}: {error}"));
        self.add_items(read, &file, &module, &parsed.items);
        self.modules.insert(module, file.clone());
        self.files.insert(file, parsed);
    }

    fn add_items(
        &mut self,
        read: &dyn Fn(&str) -> Option<String>,
        file: &str,
        module: &[String],
        items: &[syn::Item],
    ) {
        for item in items {
            let syn::Item::Mod(child) = item else {
                continue;
            };
            if is_for_tests(&child.attrs) {
                continue;
            }
            let path: Vec<String> = module
                .iter()
                .cloned()
                .chain([child.ident.to_string()])
                .collect();
            if let Some((_, items)) = &child.content {
                self.modules.insert(path.clone(), file.to_owned());
                self.add_items(read, file, &path, items);
            } else {
                self.add_file(read, format!("{}.rs", path.join("/")), path);
            }
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.files.len()
    }

    /// Every file with its module.
    pub(crate) fn files(&self) -> impl Iterator<Item = (&str, &[String], &syn::File)> {
        self.modules.iter().filter_map(|(module, file)| {
            // A module within a file is read with the file.
            let own = module.is_empty() || *file == format!("{}.rs", module.join("/"));
            own.then(|| (file.as_str(), module.as_slice(), &self.files[file]))
        })
    }

    /// The file in which the item of a path stands, from the crate's root.
    pub(crate) fn file_of(&self, path: &[String]) -> Option<&str> {
        (0..=path.len())
            .rev()
            .find_map(|length| self.modules.get(&path[..length]))
            .map(String::as_str)
    }

    pub(crate) fn is_module(&self, path: &[String]) -> bool {
        self.modules.contains_key(path)
    }

    /// The position in `lib.rs` of the top-level module that a file belongs to.
    pub(crate) fn place_of(&self, file: &str) -> Option<usize> {
        let name = file.split('/').next()?.trim_end_matches(".rs");
        self.order.iter().position(|module| module == name)
    }
}

fn top_level(root: &syn::File) -> Vec<String> {
    root.items
        .iter()
        .filter_map(|item| match item {
            syn::Item::Mod(module) => Some(module.ident.to_string()),
            _ => None,
        })
        .collect()
}

/// Whether an item is compiled for tests alone: `#[cfg(test)]`, or `#[cfg(all(test, …))]`.
pub(crate) fn is_for_tests(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let syn::Meta::List(list) = &attribute.meta else {
            return false;
        };
        let condition = list.tokens.to_string().replace(' ', "");
        attribute.path().is_ident("cfg")
            && (condition == "test" || condition.starts_with("all(test,"))
    })
}
