//! The duration of a call in the process, from the SDK's client to the account and back.
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot go on ends")]

use std::hint::black_box;

use aws_sdk_ec2::Client;
use aws_sdk_ec2::types::{Filter, InstanceType};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use geusemaker_testkit::{Aws, Timings};
use tokio::runtime::{Builder, Runtime};

/// Returns a runtime in which time is virtual, as in a test.
fn runtime() -> Runtime {
    Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap()
}

/// Returns a client of an account with that many instances.
async fn account(instances: i32) -> Client {
    let aws = Aws::builder().timings(Timings::Instant).build();
    let ec2 = Client::new(&aws.sdk_config());
    let images = ec2
        .describe_images()
        .owners("amazon")
        .filters(
            Filter::builder()
                .name("architecture")
                .values("x86_64")
                .build(),
        )
        .send()
        .await
        .unwrap();
    ec2.run_instances()
        .image_id(images.images()[0].image_id().unwrap())
        .instance_type(InstanceType::T3Micro)
        .min_count(instances)
        .max_count(instances)
        .send()
        .await
        .unwrap();
    ec2
}

fn describe_instances(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("DescribeInstances");
    for instances in [1, 50] {
        let runtime = runtime();
        let ec2 = runtime.block_on(account(instances));
        group.bench_function(BenchmarkId::from_parameter(instances), |bencher| {
            bencher.iter(|| {
                let described = runtime.block_on(ec2.describe_instances().send()).unwrap();
                black_box(described)
            });
        });
    }
    group.finish();
}

fn new_account(criterion: &mut Criterion) {
    let runtime = runtime();
    let _entered = runtime.enter();
    criterion.bench_function("a new account", |bencher| {
        bencher.iter(|| black_box(Aws::new()));
    });
}

criterion_group!(benches, describe_instances, new_account);
criterion_main!(benches);
