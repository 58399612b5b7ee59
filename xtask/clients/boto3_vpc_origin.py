"""A VPC origin with boto3: an internal load balancer, and a distribution that reaches it."""

import types

from boto3_clients import OFTEN, TAGS, cloudfront, ec2, elb, refused, tags_of, until
from checks import equal, run

SERVICE_GROUP = "CloudFront-VPCOrigins-Service-SG"
made = types.SimpleNamespace()


def service_groups():
    named = [{"Name": "group-name", "Values": [SERVICE_GROUP]}]
    return len(ec2.describe_security_groups(Filters=named)["SecurityGroups"])


def create_balancer(name, scheme):
    subnets = ec2.describe_subnets(Filters=[{"Name": "default-for-az", "Values": ["true"]}])["Subnets"]
    arn = elb.create_load_balancer(
        Name=name, Subnets=[it["SubnetId"] for it in subnets[:2]], Scheme=scheme
    )["LoadBalancers"][0]["LoadBalancerArn"]
    elb.get_waiter("load_balancer_available").wait(LoadBalancerArns=[arn], WaiterConfig=OFTEN)
    return arn


def create_origin(arn):
    return cloudfront.create_vpc_origin(
        VpcOriginEndpointConfig={
            "Name": "clients",
            "Arn": arn,
            "HTTPPort": 80,
            "HTTPSPort": 443,
            "OriginProtocolPolicy": "http-only",
            "OriginSslProtocols": {"Quantity": 1, "Items": ["TLSv1.2"]},
        },
        Tags={"Items": TAGS},
    )


def status():
    try:
        return cloudfront.get_vpc_origin(Id=made.origin)["VpcOrigin"]["Status"]
    except cloudfront.exceptions.EntityNotFound:
        return "gone"


def vpc_origin():
    made.public = create_balancer("outer", "internet-facing")
    made.balancer = create_balancer("inner", "internal")
    refused(
        "a VPC origin that is on the internet",
        "InvalidArgument",
        lambda: create_origin(made.public),
    )
    created = create_origin(made.balancer)
    origin = created["VpcOrigin"]
    made.origin, made.etag = origin["Id"], created["ETag"]
    equal("a new VPC origin is being deployed", origin["Status"], "Deploying")
    config = origin["VpcOriginEndpointConfig"]
    equal("it shows its configuration", config["Arn"], made.balancer)
    until("Deployed", status)
    tags = cloudfront.list_tags_for_resource(Resource=origin["Arn"])["Tags"]["Items"]
    equal("it carries its tags", tags_of(tags), tags_of(TAGS))
    listed = cloudfront.list_vpc_origins()["VpcOriginList"]["Items"]
    equal("it is listed", [it["OriginEndpointArn"] for it in listed], [made.balancer])
    equal("CloudFront keeps a group in the VPC", service_groups(), 1)
    refused("its name again", "EntityAlreadyExists", lambda: create_origin(made.balancer), status=409)


def distribution():
    created = cloudfront.create_distribution(
        DistributionConfig={
            "CallerReference": "clients",
            "Comment": "",
            "Enabled": True,
            "Origins": {
                "Quantity": 1,
                "Items": [
                    {
                        "Id": "inner",
                        "DomainName": "inner.elb.amazonaws.com",
                        "VpcOriginConfig": {"VpcOriginId": made.origin, "OriginReadTimeout": 120},
                    }
                ],
            },
            "DefaultCacheBehavior": {
                "TargetOriginId": "inner",
                "ViewerProtocolPolicy": "redirect-to-https",
                "CachePolicyId": "4135ea2d-6df8-44a3-9df3-4b5a84be39ad",
            },
        }
    )
    made.distribution = created["Distribution"]["Id"]
    origin = created["Distribution"]["DistributionConfig"]["Origins"]["Items"][0]
    equal("a distribution has it", origin["VpcOriginConfig"]["OriginReadTimeout"], 120)
    users = cloudfront.list_distributions_by_vpc_origin_id(VpcOriginId=made.origin)
    equal("it knows it", users["DistributionIdList"]["Items"], [made.distribution])
    refused(
        "a VPC origin that is in use",
        "CannotDeleteEntityWhileInUse",
        lambda: cloudfront.delete_vpc_origin(Id=made.origin, IfMatch=made.etag),
        status=409,
    )
    refused(
        "a load balancer with a VPC origin",
        "ResourceInUse",
        lambda: elb.delete_load_balancer(LoadBalancerArn=made.balancer),
    )


def all_goes():
    waiter = cloudfront.get_waiter("distribution_deployed")
    waiter.wait(Id=made.distribution, WaiterConfig=OFTEN)
    seen = cloudfront.get_distribution_config(Id=made.distribution)
    config = seen["DistributionConfig"] | {"Enabled": False}
    update = cloudfront.update_distribution(
        Id=made.distribution, IfMatch=seen["ETag"], DistributionConfig=config
    )
    waiter.wait(Id=made.distribution, WaiterConfig=OFTEN)
    cloudfront.delete_distribution(Id=made.distribution, IfMatch=update["ETag"])
    cloudfront.delete_vpc_origin(Id=made.origin, IfMatch=made.etag)
    until("gone", status)
    for arn in (made.balancer, made.public):
        elb.delete_load_balancer(LoadBalancerArn=arn)
    # CloudFront takes its group away last.
    until(0, service_groups)


run(vpc_origin, distribution, all_goes)
