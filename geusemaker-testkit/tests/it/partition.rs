//! Names and ARNs in the partitions of China and of the United States' government.

use aws_sdk_ec2::error::ProvideErrorMetadata;
use geusemaker_testkit::{Aws, Timings};

fn account(region: &str) -> Aws {
    let account = Aws::builder().timings(Timings::Instant);
    account.region(region).build()
}

#[tokio::test(start_paused = true)]
async fn arns_begin_with_their_partition() {
    for (region, partition) in [
        ("us-east-1", "arn:aws:"),
        ("cn-north-1", "arn:aws-cn:"),
        ("us-gov-west-1", "arn:aws-us-gov:"),
        ("eusc-de-east-1", "arn:aws-eusc:"),
    ] {
        let config = account(region).sdk_config();
        let mut arns = Vec::new();
        let ec2 = aws_sdk_ec2::Client::new(&config);
        let subnets = ec2.describe_subnets().send().await.unwrap();
        let subnet = &subnets.subnets()[0];
        arns.push(subnet.subnet_arn().unwrap().to_owned());
        let groups = ec2.describe_security_groups().send().await.unwrap();
        let group = groups.security_groups()[0].security_group_arn();
        arns.push(group.unwrap().to_owned());
        let lists = ec2.describe_managed_prefix_lists().send().await.unwrap();
        let list = lists.prefix_lists()[0].prefix_list_arn();
        arns.push(list.unwrap().to_owned());

        let sts = aws_sdk_sts::Client::new(&config);
        let identity = sts.get_caller_identity().send().await.unwrap();
        arns.push(identity.arn.unwrap());
        let iam = aws_sdk_iam::Client::new(&config);
        let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":"ec2.amazonaws.com"}}]}"#;
        let role = iam.create_role().role_name("role");
        let role = role.assume_role_policy_document(trust).send().await;
        arns.push(role.unwrap().role.unwrap().arn);
        let profile = iam.create_instance_profile();
        let profile = profile.instance_profile_name("profile").send().await;
        arns.push(profile.unwrap().instance_profile.unwrap().arn);

        let efs = aws_sdk_efs::Client::new(&config);
        let made = efs.create_file_system().creation_token("one").send().await;
        let file_system = made.unwrap();
        arns.push(file_system.file_system_arn.unwrap());
        let point = efs.create_access_point().client_token("one");
        let point = point.set_file_system_id(Some(file_system.file_system_id));
        arns.push(point.send().await.unwrap().access_point_arn.unwrap());

        let elb = aws_sdk_elasticloadbalancingv2::Client::new(&config);
        let group = elb.create_target_group().name("group").port(80);
        let group = group
            .protocol("HTTP".into())
            .vpc_id(subnet.vpc_id().unwrap());
        let group = group.send().await.unwrap().target_groups.unwrap().remove(0);
        arns.push(group.target_group_arn.unwrap());

        let secrets = aws_sdk_secretsmanager::Client::new(&config);
        let secret = secrets.create_secret().name("secret").secret_string("a");
        arns.push(secret.send().await.unwrap().arn.unwrap());
        let ssm = aws_sdk_ssm::Client::new(&config);
        let parameter = ssm.put_parameter().name("/a/b").value("c");
        parameter.r#type("String".into()).send().await.unwrap();
        let found = ssm.get_parameter().name("/a/b").send().await.unwrap();
        arns.push(found.parameter.unwrap().arn.unwrap());
        for arn in arns {
            assert!(arn.starts_with(partition), "{region}: {arn}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn host_names_end_as_their_partition() {
    for (region, suffix) in [
        ("cn-north-1", ".cn-north-1.elb.amazonaws.com.cn"),
        ("us-gov-west-1", ".us-gov-west-1.elb.amazonaws.com"),
    ] {
        let config = account(region).sdk_config();
        let ec2 = aws_sdk_ec2::Client::new(&config);
        let subnets = ec2.describe_subnets().send().await.unwrap();
        let subnets = subnets
            .subnets()
            .iter()
            .filter_map(|it| it.subnet_id.clone());
        let elb = aws_sdk_elasticloadbalancingv2::Client::new(&config);
        let balancer = elb.create_load_balancer().name("one");
        let balancer = balancer.set_subnets(Some(subnets.collect()));
        let made = balancer.send().await.unwrap().load_balancers.unwrap();
        let name = made[0].dns_name().unwrap();
        assert!(name.ends_with(suffix), "{name}");

        let images = ec2.describe_images().send().await.unwrap();
        let image = images.images()[0].image_id().unwrap();
        let launch = ec2
            .run_instances()
            .image_id(image)
            .min_count(1)
            .max_count(1);
        let run = launch
            .instance_type("g4dn.xlarge".into())
            .send()
            .await
            .unwrap();
        let id = run.instances()[0].instance_id().unwrap();
        let found = ec2.describe_instances().instance_ids(id).send().await;
        let found = found.unwrap();
        let instance = &found.reservations()[0].instances()[0];
        let name = instance.public_dns_name().unwrap();
        let suffix = suffix.replace("elb", "compute");
        assert!(name.ends_with(&suffix), "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn managed_policies_are_of_the_partition() {
    let config = account("cn-north-1").sdk_config();
    let iam = aws_sdk_iam::Client::new(&config);
    let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":"ec2.amazonaws.com.cn"}}]}"#;
    let role = iam.create_role().role_name("role");
    let role = role.assume_role_policy_document(trust).send().await;
    role.unwrap();
    let attach = |partition: &str| {
        let policy = format!("arn:{partition}:iam::aws:policy/AmazonSSMManagedInstanceCore");
        let attach = iam.attach_role_policy().role_name("role");
        attach.policy_arn(policy).send()
    };
    let error = attach("aws").await.unwrap_err();
    assert_eq!(error.code(), Some("NoSuchEntity"));
    attach("aws-cn").await.unwrap();
}
