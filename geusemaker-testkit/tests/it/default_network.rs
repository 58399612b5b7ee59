//! The default VPC of a new account, with a security group that the test creates in it.

use aws_sdk_ec2::types::Filter;
use geusemaker_testkit::Aws;

pub(crate) struct DefaultNetwork {
    pub(crate) ec2: aws_sdk_ec2::Client,
    pub(crate) vpc: String,
    /// The default subnets, in the order of their zones.
    pub(crate) subnets: Vec<String>,
    pub(crate) security_group: String,
}

impl DefaultNetwork {
    pub(crate) async fn of(aws: &Aws) -> Self {
        let ec2 = aws_sdk_ec2::Client::new(&aws.sdk_config());
        let only_default = Filter::builder()
            .name("default-for-az")
            .values("true")
            .build();
        let found = ec2
            .describe_subnets()
            .filters(only_default)
            .send()
            .await
            .unwrap();
        let mut subnets = found.subnets.unwrap();
        subnets.sort_by(|a, b| a.availability_zone.cmp(&b.availability_zone));
        let vpc = subnets[0].vpc_id.clone().unwrap();
        let group = ec2
            .create_security_group()
            .group_name("test")
            .description("of a test")
            .vpc_id(&vpc)
            .send()
            .await
            .unwrap();
        Self {
            ec2,
            vpc,
            subnets: subnets
                .into_iter()
                .map(|subnet| subnet.subnet_id.unwrap())
                .collect(),
            security_group: group.group_id.unwrap(),
        }
    }

    /// Returns the default security group, which instances have unless their launch names others.
    #[cfg(feature = "traffic")]
    pub(crate) async fn default_group(&self) -> String {
        let name = Filter::builder().name("group-name").values("default");
        let vpc = Filter::builder().name("vpc-id").values(&self.vpc);
        let groups = self.ec2.describe_security_groups();
        let groups = groups.filters(name.build()).filters(vpc.build());
        let groups = groups.send().await.unwrap();
        groups.security_groups()[0].group_id().unwrap().to_owned()
    }

    /// Deletes the security group, or returns AWS's error code.
    pub(crate) async fn delete_security_group(&self) -> Result<(), String> {
        let deleted = self
            .ec2
            .delete_security_group()
            .group_id(&self.security_group)
            .send()
            .await;
        match deleted {
            Ok(_) => Ok(()),
            Err(error) => Err(error.into_service_error().meta().code().unwrap().to_owned()),
        }
    }
}
