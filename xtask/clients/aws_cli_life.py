"""A stack's life with the AWS CLI: each command is a process, as a person or a shell script would run it."""

import json
import os
import subprocess
import sys
import tempfile
import types

from checks import GPU_REPORT, check, equal, run

made = types.SimpleNamespace()

AWS = os.path.join(os.path.dirname(sys.executable), "aws")
TAGS = ["Key=stack,Value=clients", "Key=Name,Value=two words"]


def aws(command, *words, output="json"):
    """Runs `aws COMMAND WORDS...` and returns what it printed; a command that fails ends the script."""
    ended = start(command, *words, output=output)
    if ended.returncode != 0:
        raise RuntimeError(f"aws {command}: {ended.returncode}\n{ended.stderr}")
    if output == "json":
        return json.loads(ended.stdout) if ended.stdout.strip() else {}
    return ended.stdout.strip()


def start(command, *words, output="json"):
    line = [AWS, *command.split(), *words, "--output", output]
    return subprocess.run(line, capture_output=True, text=True)


def value(command, *words, query):
    """One value, as scripts ask for it: `--query QUERY --output text`."""
    return aws(command, *words, "--query", query, output="text")


def refused(what, code, command, *words):
    """Whether the command fails as the CLI says it: exit code 254 or 255, and the code in brackets."""
    ended = start(command, *words)
    check(
        f"{what} is refused with {code}",
        ended.returncode in (254, 255) and f"An error occurred ({code})" in ended.stderr,
        f"{ended.returncode}: {ended.stderr or ended.stdout}",
    )


def tag_specification(kind):
    return f"ResourceType={kind},Tags=[{{Key=stack,Value=clients}},{{Key=Name,Value=two words}}]"


def file_of(document):
    """A file for the CLI's `file://`."""
    file = tempfile.NamedTemporaryFile("w", suffix=".json", delete=False)
    with file:
        json.dump(document, file)
    return f"file://{file.name}"


def account():
    identity = value("sts get-caller-identity", query="Account")
    equal("text output is the bare value", identity, "123456789012")
    made.vpc = value(
        "ec2 describe-vpcs", "--filters", "Name=is-default,Values=true", query="Vpcs[0].VpcId"
    )
    subnets = value(
        "ec2 describe-subnets",
        "--filters",
        f"Name=vpc-id,Values={made.vpc}",
        query="sort_by(Subnets, &AvailabilityZone)[:2].SubnetId",
    )
    made.subnets = subnets.split("\t")
    equal("text output separates by tabs", len(made.subnets), 2)
    table = aws("ec2 describe-availability-zones", output="table")
    check("table output has rows", "us-east-1a" in table and "|" in table, table)


def network_of_ones_own():
    vpc = value("ec2 create-vpc", "--cidr-block", "10.7.0.0/16", query="Vpc.VpcId")
    subnet = value(
        "ec2 create-subnet",
        "--vpc-id",
        vpc,
        "--cidr-block",
        "10.7.1.0/24",
        "--availability-zone",
        "us-east-1b",
        query="Subnet.SubnetId",
    )
    aws("ec2 wait vpc-available", "--vpc-ids", vpc)
    aws("ec2 wait subnet-available", "--subnet-ids", subnet)
    refused("a network with a subnet", "DependencyViolation", "ec2 delete-vpc", "--vpc-id", vpc)
    aws("ec2 delete-subnet", "--subnet-id", subnet)
    aws("ec2 delete-vpc", "--vpc-id", vpc)
    refused("a network that was deleted", "InvalidVpcID.NotFound", "ec2 describe-vpcs", "--vpc-ids", vpc)


def security_groups():
    def group(name):
        return value(
            "ec2 create-security-group",
            "--group-name",
            name,
            "--description",
            f"{name} of a test",
            "--vpc-id",
            made.vpc,
            "--tag-specifications",
            tag_specification("security-group"),
            query="GroupId",
        )

    made.balancer_group, made.instance_group = map(group, ["balancer", "instance"])
    aws("ec2 wait security-group-exists", "--group-ids", made.instance_group)
    admit = ["ec2 authorize-security-group-ingress", "--protocol", "tcp", "--group-id"]
    aws(*admit, made.balancer_group, "--port", "80", "--cidr", "0.0.0.0/0")
    aws(*admit, made.instance_group, "--port", "8080", "--source-group", made.balancer_group)
    aws(*admit, made.instance_group, "--port", "2049", "--source-group", made.instance_group)
    refused(
        "a rule that is there already",
        "InvalidPermission.Duplicate",
        *admit,
        made.balancer_group,
        "--port",
        "80",
        "--cidr",
        "0.0.0.0/0",
    )
    name = value(
        "ec2 describe-security-groups",
        "--filters",
        "Name=tag:stack,Values=clients",
        f"Name=group-id,Values={made.instance_group}",
        query="SecurityGroups[0].Tags[?Key=='Name'].Value",
    )
    equal("a group is found by its tag and carries the others", name, "two words")


def storage():
    made.file_system = value(
        "efs create-file-system",
        "--creation-token",
        "clients",
        "--encrypted",
        "--tags",
        *TAGS,
        query="FileSystemId",
    )
    until("available", "efs describe-file-systems", query="FileSystems[0].LifeCycleState")
    made.mount_target = value(
        "efs create-mount-target",
        "--file-system-id",
        made.file_system,
        "--subnet-id",
        made.subnets[0],
        "--security-groups",
        made.instance_group,
        query="MountTargetId",
    )
    until("available", *mount_targets(), query="MountTargets[0].LifeCycleState")
    address = value(*mount_targets(), query="MountTargets[0].IpAddress")
    check("a mount target has an address of its subnet", address.startswith("172.31."), address)


def mount_targets():
    return "efs describe-mount-targets", "--file-system-id", made.file_system


def until(expected, command, *words, query, looks=60):
    for _ in range(looks):
        seen = value(command, *words, query=query)
        if seen == expected:
            break
    equal(f"{command} comes to {expected}", seen, expected)


def instance():
    key = value("ec2 create-key-pair", "--key-name", "clients", query="KeyMaterial")
    check("a key pair comes with its private part", key)
    image = value(
        "ec2 describe-images",
        "--owners",
        "amazon",
        "--filters",
        "Name=name,Values=Deep Learning Base OSS Nvidia Driver GPU AMI (Ubuntu 24.04)*",
        query="sort_by(Images, &CreationDate)[-1].ImageId",
    )
    launch = [
        "ec2 run-instances",
        "--image-id",
        image,
        "--instance-type",
        "g5.xlarge",
        "--key-name",
        "clients",
        "--subnet-id",
        made.subnets[0],
        "--security-group-ids",
        made.instance_group,
        "--client-token",
        "clients",
        "--user-data",
        GPU_REPORT,
        "--tag-specifications",
        tag_specification("instance"),
    ]
    launched = aws(*launch)["Instances"][0]
    made.instance = launched["InstanceId"]
    equal("a new instance runs at once here", launched["State"]["Name"], "running")
    equal("the same launch again gives it again", value(*launch, query="Instances[0].InstanceId"), made.instance)
    refused("another launch with its token", "IdempotentParameterMismatch", *launch, "--count", "2")
    aws("ec2 wait instance-running", "--instance-ids", made.instance)
    aws("ec2 wait instance-status-ok", "--instance-ids", made.instance)
    described = value(
        "ec2 describe-instances",
        "--filters",
        "Name=tag:stack,Values=clients",
        "Name=instance-state-name,Values=running",
        query="Reservations[].Instances[].[InstanceId, KeyName, Placement.AvailabilityZone]",
    )
    equal("it is described as it was asked for", described, f"{made.instance}\tclients\tus-east-1a")
    console = value("ec2 get-console-output", "--instance-id", made.instance, query="Output")
    check("its console shows its GPU", "A10G" in console, console)


def load_balancer():
    create = ["elbv2 create-load-balancer", "--name", "clients", "--security-groups", made.balancer_group]
    refused("a load balancer in one zone", "ValidationError", *create, "--subnets", made.subnets[0])
    balancer = aws(*create, "--subnets", *made.subnets, "--tags", *TAGS)["LoadBalancers"][0]
    made.balancer, made.balancer_name = balancer["LoadBalancerArn"], balancer["DNSName"]
    made.target_group = value(
        "elbv2 create-target-group",
        "--name",
        "clients",
        "--protocol",
        "HTTP",
        "--port",
        "8080",
        "--vpc-id",
        made.vpc,
        "--health-check-path",
        "/healthz",
        query="TargetGroups[0].TargetGroupArn",
    )
    target = ["--target-group-arn", made.target_group, "--targets", f"Id={made.instance}"]
    aws("elbv2 register-targets", *target)
    aws("elbv2 wait load-balancer-available", "--load-balancer-arns", made.balancer)
    made.listener = value(
        "elbv2 create-listener",
        "--load-balancer-arn",
        made.balancer,
        "--protocol",
        "HTTP",
        "--port",
        "80",
        "--default-actions",
        f"Type=forward,TargetGroupArn={made.target_group}",
        query="Listeners[0].ListenerArn",
    )
    made.rule = value(
        "elbv2 create-rule",
        "--listener-arn",
        made.listener,
        "--priority",
        "5",
        "--conditions",
        "Field=path-pattern,Values=/v1/*",
        "--actions",
        "Type=fixed-response,FixedResponseConfig={StatusCode=503,ContentType=text/plain}",
        query="Rules[0].RuleArn",
    )
    aws("elbv2 wait target-in-service", *target)
    health = value(
        "elbv2 describe-target-health",
        "--target-group-arn",
        made.target_group,
        query="TargetHealthDescriptions[].[Target.Id, TargetHealth.State]",
    )
    equal("the instance is healthy", health, f"{made.instance}\thealthy")
    priorities = value("elbv2 describe-rules", "--listener-arn", made.listener, query="Rules[].Priority")
    equal("the rules are in their order", priorities, "5\tdefault")
    tags = value("elbv2 describe-tags", "--resource-arns", made.balancer, query="TagDescriptions[0].Tags[].Value")
    equal("the load balancer carries its tags", set(tags.split("\t")), {"clients", "two words"})


def cdn():
    config = {
        "CallerReference": "clients",
        "Comment": "of a test",
        "Enabled": True,
        "Origins": {
            "Quantity": 1,
            "Items": [
                {
                    "Id": "balancer",
                    "DomainName": made.balancer_name,
                    "CustomOriginConfig": {
                        "HTTPPort": 80,
                        "HTTPSPort": 443,
                        "OriginProtocolPolicy": "http-only",
                    },
                }
            ],
        },
        "DefaultCacheBehavior": {
            "TargetOriginId": "balancer",
            "ViewerProtocolPolicy": "redirect-to-https",
            # CachingDisabled, one of CloudFront's own.
            "CachePolicyId": "4135ea2d-6df8-44a3-9df3-4b5a84be39ad",
        },
    }
    created = aws("cloudfront create-distribution", "--distribution-config", file_of(config))
    made.distribution, made.etag = created["Distribution"]["Id"], created["ETag"]
    equal("a new distribution is deployed at once here", created["Distribution"]["Status"], "Deployed")
    aws("cloudfront wait distribution-deployed", "--id", made.distribution)
    listed = value(
        "cloudfront list-distributions",
        query="DistributionList.Items[].[Id, Status, Origins.Items[0].DomainName]",
    )
    equal("it is listed", listed, f"{made.distribution}\tDeployed\t{made.balancer_name}")


def cdn_goes():
    delete = ["cloudfront delete-distribution", "--id", made.distribution, "--if-match"]
    refused("an enabled distribution", "DistributionNotDisabled", *delete, made.etag)
    current = aws("cloudfront get-distribution-config", "--id", made.distribution)
    config = current["DistributionConfig"] | {"Enabled": False}
    update = ["cloudfront update-distribution", "--id", made.distribution]
    update += ["--distribution-config", file_of(config), "--if-match"]
    refused("an update of what it never was", "PreconditionFailed", *update, "E0000000000000")
    etag = aws(*update, current["ETag"])["ETag"]
    aws("cloudfront wait distribution-deployed", "--id", made.distribution)
    refused("an ETag of yesterday", "PreconditionFailed", *delete, made.etag)
    aws(*delete, etag)


def load_balancer_goes():
    refused(
        "a target group that a listener needs",
        "ResourceInUse",
        "elbv2 delete-target-group",
        "--target-group-arn",
        made.target_group,
    )
    aws("elbv2 delete-rule", "--rule-arn", made.rule)
    aws("elbv2 delete-load-balancer", "--load-balancer-arn", made.balancer)
    aws("elbv2 wait load-balancers-deleted", "--load-balancer-arns", made.balancer)
    aws("elbv2 delete-target-group", "--target-group-arn", made.target_group)


def instance_and_storage_go():
    states = value(
        "ec2 terminate-instances",
        "--instance-ids",
        made.instance,
        query="TerminatingInstances[].[PreviousState.Name, CurrentState.Name]",
    )
    equal("an end is one at once here", states, "running\tterminated")
    aws("ec2 wait instance-terminated", "--instance-ids", made.instance)
    aws("ec2 delete-key-pair", "--key-name", "clients")
    delete = ["efs delete-file-system", "--file-system-id", made.file_system]
    refused("a file system with a mount target", "FileSystemInUse", *delete)
    refused(
        "a group that a mount target has",
        "DependencyViolation",
        "ec2 delete-security-group",
        "--group-id",
        made.instance_group,
    )
    aws("efs delete-mount-target", "--mount-target-id", made.mount_target)
    until("0", *mount_targets(), query="length(MountTargets)")
    aws(*delete)


def security_groups_go():
    until("0", "ec2 describe-network-interfaces", query="length(NetworkInterfaces)")
    aws("ec2 delete-security-group", "--group-id", made.instance_group)
    aws("ec2 delete-security-group", "--group-id", made.balancer_group)


def what_is_not_simulated():
    refused("an operation that is not simulated", "SimulatorUnsupported", "ec2 describe-fpga-images")


run(
    account,
    network_of_ones_own,
    security_groups,
    storage,
    instance,
    load_balancer,
    cdn,
    cdn_goes,
    load_balancer_goes,
    instance_and_storage_go,
    security_groups_go,
    what_is_not_simulated,
)
