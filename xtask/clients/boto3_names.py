"""A name with boto3: a certificate that a record of its zone validates, and the record's end."""

import types

from boto3_clients import OFTEN, TAGS, acm, refused, route53, tags_of, until
from checks import check, equal, run

made = types.SimpleNamespace()


def zone():
    found = route53.list_hosted_zones_by_name(DNSName="example.com")["HostedZones"]
    equal("the account has a zone", [one["Name"] for one in found], ["example.com."])
    made.zone = found[0]["Id"]
    pages = route53.get_paginator("list_resource_record_sets").paginate(HostedZoneId=made.zone)
    kinds = [record["Type"] for page in pages for record in page["ResourceRecordSets"]]
    equal("it has the records of every zone", kinds, ["NS", "SOA"])
    refused(
        "a zone that is not there",
        "NoSuchHostedZone",
        lambda: route53.get_hosted_zone(Id="Z1"),
        status=404,
    )


def certificate():
    made.certificate = acm.request_certificate(
        DomainName="llm.example.com",
        SubjectAlternativeNames=["*.llm.example.com"],
        ValidationMethod="DNS",
        Tags=TAGS[:1],
    )["CertificateArn"]

    def record():
        options = acm.describe_certificate(CertificateArn=made.certificate)["Certificate"]
        options = options["DomainValidationOptions"]
        shown = [option.get("ResourceRecord") for option in options]
        made.record = shown[0]
        return shown[0] is not None and shown[0] == shown[1]

    until(True, record)
    tags = acm.list_tags_for_certificate(CertificateArn=made.certificate)["Tags"]
    equal("a certificate carries its tags", tags_of(tags), tags_of(TAGS[:1]))


def change(action):
    record = {
        "Name": made.record["Name"],
        "Type": made.record["Type"],
        "TTL": 300,
        "ResourceRecords": [{"Value": made.record["Value"]}],
    }
    return route53.change_resource_record_sets(
        HostedZoneId=made.zone,
        ChangeBatch={"Changes": [{"Action": action, "ResourceRecordSet": record}]},
    )["ChangeInfo"]


def validation():
    info = change("UPSERT")
    route53.get_waiter("resource_record_sets_changed").wait(Id=info["Id"], WaiterConfig=OFTEN)
    acm.get_waiter("certificate_validated").wait(
        CertificateArn=made.certificate, WaiterConfig=OFTEN
    )
    listed = acm.list_certificates(CertificateStatuses=["ISSUED"])["CertificateSummaryList"]
    arns = [one["CertificateArn"] for one in listed]
    equal("it is listed as issued", arns, [made.certificate])
    refused("the record once more", "InvalidChangeBatch", lambda: change("CREATE"))


def name_goes():
    acm.delete_certificate(CertificateArn=made.certificate)
    refused(
        "a certificate that was deleted",
        "ResourceNotFoundException",
        lambda: acm.describe_certificate(CertificateArn=made.certificate),
    )
    change("DELETE")
    count = route53.get_hosted_zone(Id=made.zone)["HostedZone"]["ResourceRecordSetCount"]
    check("the zone is as it was", count == 2, count)


run(zone, certificate, validation, name_goes)
