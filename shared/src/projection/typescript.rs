//! The contract as TypeScript: the types of the bodies, their paths, and the numbers on which a
//! page must agree with the server. The dashboard is built from it, so nothing is written twice; a
//! test compares `edge/dashboard/generated/contract.ts` with it.
//!
//! The doc comments of the types are part of the output.

use super::alerts::Alerts;
use super::beta::{Beta, BetaChart};
use super::books::BooksBody;
use super::confluence::{AnalysisBody, BreakdownBody, Opportunities, Signals};
use super::contracts::ContractsBody;
use super::dashboard::{FlatMarketOverview, MarketMovers, Overview, Symbols, TopSymbols};
use super::liquidations::LiquidationsBody;
use super::mobile::{DashboardMobileData, MobileData};
use super::perpetuals::PerpetualsPulse;
use crate::analysis::scores::weights::{share, share_of_dimension, share_of_part};
use crate::analysis::signals::MEDIUM_DEVIATION;
use crate::endpoints::{BETA_CHART, CLIENT_ROUTES, SymbolEndpoint};
use crate::freshness::Limits;
use crate::health::DataHealth;
use crate::problem::Problem;
use crate::snapshot::SCHEMA_VERSION;
use crate::snapshot::dimension::Dimension;
use crate::snapshot::measurement::Measurement;
use crate::snapshot::performance::ChartTimeframe;
use crate::snapshot::sub_component::SubComponent;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use ts_rs::{Config, TS, TypeVisitor};

/// What stands at the head of the module.
const HEAD: &str = "\
// What the Rust contract says of bodies, paths and limits, as shared/src/projection/typescript.rs prints it. A line that
// changes or goes breaks clients. `UPDATE_EXPECT=1 cargo test -p tests golden_contract` renews the file.

";

/// One module with every declaration.
#[must_use]
pub fn module() -> String {
    let mut types = Types::new();
    types.visit::<MobileData<'static>>();
    types.visit::<Signals<'static>>();
    types.visit::<Opportunities<'static>>();
    types.visit::<Alerts<'static>>();
    types.visit::<PerpetualsPulse>();
    types.visit::<LiquidationsBody<'static>>();
    types.visit::<ContractsBody<'static>>();
    types.visit::<BooksBody<'static>>();
    types.visit::<Beta<'static>>();
    types.visit::<BetaChart<'static>>();
    types.visit::<BreakdownBody<'static>>();
    types.visit::<AnalysisBody<'static>>();
    types.visit::<Problem<'static>>();
    types.visit::<DashboardMobileData<'static>>();
    types.visit::<Symbols<'static>>();
    types.visit::<Overview<'static>>();
    types.visit::<FlatMarketOverview<'static>>();
    types.visit::<MarketMovers<'static>>();
    types.visit::<TopSymbols<'static>>();
    types.visit::<DataHealth>();
    HEAD.to_owned() + &types.declarations.into_values().collect::<String>() + &constants()
}

/// Declarations by name, each once. The order in which types name each other differs from build to
/// build.
struct Types {
    config: Config,
    declarations: BTreeMap<String, String>,
}

impl Types {
    fn new() -> Self {
        // The large integers of the contract are milliseconds, seconds and counts, all below 2^53.
        let config = Config::new().with_large_int("number");
        Self {
            config,
            declarations: BTreeMap::new(),
        }
    }
}

impl TypeVisitor for Types {
    fn visit<T: TS + 'static + ?Sized>(&mut self) {
        // Only what is declared by itself has a place of its own; `string` or `Array<…>` does not.
        if T::output_path().is_some() {
            let name = T::ident(&self.config);
            if self.declarations.contains_key(&name) {
                return;
            }
            let docs = T::docs().unwrap_or_default();
            self.declarations
                .insert(name, format!("{docs}export {}\n\n", T::decl(&self.config)));
        }
        T::visit_dependencies(self);
        T::visit_generics(self);
    }
}

fn constants() -> String {
    let limits = Limits::DEFAULT;
    // Rounded, so that the file has readable decimals and no rounding errors.
    let rounded = |share: f64| (share * 1e4).round() / 1e4;
    let dimensions: Vec<Value> = Dimension::ALL
        .iter()
        .map(|&dimension| json!({"name": dimension.name(), "title": dimension.title(), "weight": rounded(share_of_dimension(dimension))}))
        .collect();
    let parts: Vec<Value> = SubComponent::ALL
        .iter()
        .map(|&part| {
            json!({
                "name": part.wire_name(),
                "dimension": part.dimension().name(),
                "measurement": part.measurement().wire_name(),
                "reads": part.reads(),
                "weight": rounded(share_of_part(part)),
            })
        })
        .collect();
    let measurements: Vec<Value> = Measurement::ALL
        .iter()
        .map(|one| json!({"name": one.wire_name(), "title": one.title(), "weight": rounded(share(*one))}))
        .collect();
    let timeframes: Vec<&str> = ChartTimeframe::ALL
        .iter()
        .map(|timeframe| timeframe.name())
        .collect();
    [
        ("SCHEMA_VERSION", json!(SCHEMA_VERSION)),
        (
            "LIMITS_MS",
            json!({"fresh": limits.fresh_ms, "aging": limits.aging_ms, "stale": limits.stale_ms}),
        ),
        (
            "STANCE",
            json!({"long_from": 50.0 + MEDIUM_DEVIATION, "short_to": 50.0 - MEDIUM_DEVIATION}),
        ),
        ("DIMENSIONS", json!(dimensions)),
        ("SUB_COMPONENTS", json!(parts)),
        ("MEASUREMENTS", json!(measurements)),
        ("TIMEFRAMES", json!(timeframes)),
        ("PATHS", paths()),
    ]
    .iter()
    .map(|(name, value)| format!("export const {name} = {value} as const;\n"))
    .collect()
}

/// The first path of each endpoint, by its name; those about one contract end before its symbol.
fn paths() -> Value {
    let mut paths = Map::new();
    for (path, endpoint) in CLIENT_ROUTES {
        paths.entry(endpoint.name()).or_insert_with(|| path.into());
    }
    for endpoint in SymbolEndpoint::ALL {
        paths.insert(endpoint.name().to_owned(), endpoint.prefix().into());
    }
    paths.insert("beta-chart".to_owned(), BETA_CHART.into());
    Value::Object(paths)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::endpoints::Endpoint;
    use std::collections::BTreeSet;

    #[test]
    fn every_endpoint_has_its_path() {
        let Value::Object(paths) = paths() else {
            panic!("no object")
        };
        for endpoint in Endpoint::ALL
            .into_iter()
            .filter(|endpoint| *endpoint != Endpoint::Snapshot)
        {
            let path = paths.get(endpoint.name()).and_then(Value::as_str).unwrap();
            assert_eq!(Endpoint::at(path), Some(endpoint));
        }
    }

    #[test]
    fn every_type_is_declared_once_and_large_integers_are_numbers() {
        let module = module();
        let names: Vec<&str> = module
            .lines()
            .filter_map(|line| line.strip_prefix("export type ")?.split(' ').next())
            .collect();
        assert_eq!(
            names.iter().collect::<BTreeSet<_>>().len(),
            names.len(),
            "{names:?}"
        );
        assert!(names.contains(&"MobileData") && names.contains(&"Problem"));
        assert!(!module.contains("bigint"));
    }
}
