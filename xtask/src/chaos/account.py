"""The account behind the proxy. Each line of standard input is an order; each is answered with one line of JSON.

`begin` empties the account and puts into it what is not gm's; the answer has the file system that may be adopted.
`inventory` lists what the account holds.
"""

import json
import os
import sys
import urllib.request

from inventory import cloudfront, ec2, efs, elb, inventory, route53

IMAGE = "ami-dca37ea5"


def begin():
    reset = urllib.request.Request(os.environ["AWS_ENDPOINT_URL"] + "/moto-api/reset", method="POST")
    urllib.request.build_opener(urllib.request.ProxyHandler({})).open(reset).read()
    tags = [{"Key": "Name", "Value": "somebody-elses"}]
    subnets = ec2.describe_subnets()["Subnets"]
    vpc, subnet = subnets[0]["VpcId"], subnets[0]["SubnetId"]
    group = ec2.create_security_group(GroupName="somebody-elses", Description="not gm's", VpcId=vpc)["GroupId"]
    http = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[http])
    interface = {"DeviceIndex": 0, "SubnetId": subnet, "Groups": [group], "DeleteOnTermination": True}
    ec2.run_instances(
        ImageId=IMAGE,
        InstanceType="t3.micro",
        MinCount=1,
        MaxCount=1,
        NetworkInterfaces=[interface],
        TagSpecifications=[{"ResourceType": "instance", "Tags": tags}],
    )
    zone = route53.create_hosted_zone(Name="example.com", CallerReference="somebody-elses")["HostedZone"]["Id"]
    record = {"Name": "other.example.com", "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "192.0.2.1"}]}
    changes = [{"Action": "CREATE", "ResourceRecordSet": record}]
    route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": changes})
    system = efs.create_file_system(CreationToken="somebody-elses", Encrypted=True, Tags=tags)["FileSystemId"]
    balancer = elb.create_load_balancer(
        Name="somebody-elses", Subnets=[it["SubnetId"] for it in subnets[:2]], SecurityGroups=[group], Tags=tags
    )["LoadBalancers"][0]
    target_group = elb.create_target_group(Name="somebody-elses", Protocol="HTTP", Port=80, VpcId=vpc, Tags=tags)
    forward = {"Type": "forward", "TargetGroupArn": target_group["TargetGroups"][0]["TargetGroupArn"]}
    elb.create_listener(
        LoadBalancerArn=balancer["LoadBalancerArn"], Protocol="HTTP", Port=80, DefaultActions=[forward]
    )
    cloudfront.create_distribution(
        DistributionConfig={
            "CallerReference": "somebody-elses",
            "Comment": "not gm's",
            "Enabled": True,
            "Origins": {
                "Quantity": 1,
                "Items": [
                    {
                        "Id": "origin",
                        "DomainName": balancer["DNSName"],
                        "CustomOriginConfig": {
                            "HTTPPort": 80,
                            "HTTPSPort": 443,
                            "OriginProtocolPolicy": "http-only",
                        },
                    }
                ],
            },
            "DefaultCacheBehavior": {
                "TargetOriginId": "origin",
                "ViewerProtocolPolicy": "allow-all",
                "MinTTL": 0,
                "ForwardedValues": {"QueryString": False, "Cookies": {"Forward": "none"}},
            },
        }
    )
    return system


ORDERS = {"begin": begin, "inventory": lambda: list(inventory())}

for line in sys.stdin:
    print(json.dumps(ORDERS[line.strip()]()), flush=True)
