//! Benchmark of a whole tier-3 deployment in virtual time, from the plan until everything is gone again.
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot go on ends")]

#[path = "../tests/scenario/mod.rs"]
#[allow(dead_code, reason = "the benchmark uses a part of it")]
mod scenario;

use criterion::{Criterion, criterion_group, criterion_main};
use tokio::runtime::Builder;

use scenario::{Scenario, deploy_tier_3, spec};

fn deploy_and_destroy(criterion: &mut Criterion) {
    criterion.bench_function("tier 3, deployed and destroyed", |bencher| {
        bencher.iter(|| {
            // Each run has its own runtime, because virtual time cannot be reset.
            let runtime = Builder::new_current_thread()
                .enable_all()
                .start_paused(true)
                .build()
                .unwrap();
            runtime.block_on(async {
                let scenario = Scenario::new();
                let deployment = deploy_tier_3(&scenario.session, spec(3)).await.unwrap();
                deployment.commit().await.unwrap();
                scenario.destroy().await;
            });
        });
    });
}

criterion_group!(benches, deploy_and_destroy);
criterion_main!(benches);
