//! The isolate's deployment: its settings beside the handles of what is bound to it.
//!
//! Variables and bindings never change while an isolate runs, so they are read once, by the first
//! request. An isolate whose settings cannot be used answers 500 for as long as it lives.

use crate::bindings::{self, Service};
use crate::config::{Config, ConfigError, Role};
use std::cell::{Cell, OnceCell};
use std::rc::Rc;
use worker::{Env, KvStore};

/// What this Worker was deployed with.
#[derive(Clone, Debug)]
pub struct Deployment {
    /// The settings.
    pub config: Config,
    /// The Worker that owns the route to the exchanges. `None` when the deployment binds none, and
    /// this one takes that route itself.
    pub direct: Option<Service>,
    /// The KV namespace that all colos share; `None` when the deployment binds none.
    pub last_good: Option<KvStore>,
}

thread_local! {
    static ROLE: Cell<Role> = const { Cell::new(Role::Edge) };
}

/// The isolate's deployment.
///
/// # Errors
/// [`ConfigError`], the same on every call.
pub fn of(env: &Env) -> Result<Rc<Deployment>, ConfigError> {
    thread_local! {
        static READ: OnceCell<Result<Rc<Deployment>, ConfigError>> = const { OnceCell::new() };
    }
    let read = || {
        let config = Config::read(|name| bindings::variable(env, name))?;
        ROLE.set(config.role);
        // The Worker that owns the route to the exchanges has no other Worker to call, and its
        // snapshots are for its callers, so it keeps none for all colos.
        let (direct, last_good) = match config.role {
            Role::Edge => (bindings::direct(env), bindings::last_good(env)),
            Role::Direct => (None, None),
        };
        Ok(Rc::new(Deployment {
            config,
            direct,
            last_good,
        }))
    };
    READ.with(|cell| cell.get_or_init(read).clone())
}

/// What this isolate is for; [`Role::Edge`] before its settings are read.
#[must_use]
pub fn role() -> Role {
    ROLE.get()
}
