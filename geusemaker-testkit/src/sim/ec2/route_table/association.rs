//! Associations of route tables with subnets, and the main table of each VPC.

use crate::sim::context::RequestContext;
use crate::sim::ec2::resource_kind::ResourceKind;
use crate::sim::ec2::{Code, Ec2};
use crate::wire::params::Params;
use crate::wire::xml::Element;
use crate::wire::{Reply, ServiceError};

pub(crate) fn associate(
    ec2: &mut Ec2,
    context: &mut RequestContext<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let table_id = params.required("RouteTableId")?;
    let subnet_id = params.required("SubnetId")?;
    params.refuse_unread("AssociateRouteTable")?;
    let table = ec2.known_route_table(&table_id)?;
    let subnet = ec2
        .subnet(&subnet_id)
        .ok_or_else(|| ResourceKind::Subnet.unknown(&subnet_id))?;
    refuse_other_network(&table_id, &table.vpc, &subnet_id, &subnet.vpc)?;
    if let Some((other, association)) = ec2.association_of_subnet(&subnet_id) {
        // Associating the same table again succeeds.
        if other == table_id {
            return Ok(reply("associationId", &association));
        }
        let message = format!(
            "the specified association for route table {table_id} conflicts with an existing association"
        );
        return Err(ServiceError::new(Code::ResourceAlreadyAssociated, message));
    }
    let association = new_id(context);
    if let Some(table) = ec2.route_tables.get_mut(&table_id) {
        table.associations.insert(association.clone(), subnet_id);
    }
    Ok(reply("associationId", &association))
}

pub(crate) fn disassociate(ec2: &mut Ec2, params: &mut Params) -> Result<Reply, ServiceError> {
    let id = params.required("AssociationId")?;
    params.refuse_unread("DisassociateRouteTable")?;
    match ec2.association(&id)? {
        Association::Main { .. } => {
            let message = format!("cannot disassociate the main route table association {id}");
            return Err(ServiceError::new(Code::InvalidParameterValue, message));
        }
        Association::Subnet { table, .. } => {
            if let Some(table) = ec2.route_tables.get_mut(&table) {
                table.associations.remove(&id);
            }
        }
    }
    Ok(Reply::xml(Element::new("reply").with("return", true)))
}

pub(crate) fn replace(
    ec2: &mut Ec2,
    context: &mut RequestContext<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let id = params.required("AssociationId")?;
    let new_table = params.required("RouteTableId")?;
    params.refuse_unread("ReplaceRouteTableAssociation")?;
    let vpc = ec2.known_route_table(&new_table)?.vpc.clone();
    let association = ec2.association(&id)?;
    let (Association::Main { table: old_table }
    | Association::Subnet {
        table: old_table, ..
    }) = &association;
    let old_vpc = &ec2.known_route_table(old_table)?.vpc;
    refuse_other_network(&new_table, &vpc, old_table, old_vpc)?;
    let new_id = new_id(context);
    if let Some(table) = ec2.route_tables.get_mut(old_table) {
        table.associations.remove(&id);
        if table.main_association.as_ref() == Some(&id) {
            table.main_association = None;
        }
    }
    if let Some(table) = ec2.route_tables.get_mut(&new_table) {
        match association {
            Association::Main { .. } => table.main_association = Some(new_id.clone()),
            Association::Subnet { subnet, .. } => {
                table.associations.insert(new_id.clone(), subnet);
            }
        }
    }
    Ok(reply("newAssociationId", &new_id))
}

/// The object that an association id names.
enum Association {
    Main { table: String },
    Subnet { table: String, subnet: String },
}

impl Ec2 {
    /// Removes the association of a subnet that is gone.
    pub(in crate::sim::ec2) fn forget_route_table_of(&mut self, subnet: &str) {
        for table in self.route_tables.values_mut() {
            table.associations.retain(|_, other| other != subnet);
        }
    }

    /// Returns the table that a subnet is associated with, and the id of the association.
    fn association_of_subnet(&self, subnet: &str) -> Option<(String, String)> {
        self.route_tables.values().find_map(|table| {
            let mut associations = table.associations.iter();
            let (id, _) = associations.find(|(_, other)| *other == subnet)?;
            Some((table.id.clone(), id.clone()))
        })
    }

    fn association(&self, id: &str) -> Result<Association, ServiceError> {
        self.route_tables
            .values()
            .find_map(|table| {
                let table_id = table.id.clone();
                if table.main_association.as_deref() == Some(id) {
                    return Some(Association::Main { table: table_id });
                }
                let subnet = table.associations.get(id)?.clone();
                Some(Association::Subnet {
                    table: table_id,
                    subnet,
                })
            })
            .ok_or_else(|| {
                let message = format!("The association ID '{id}' does not exist");
                ServiceError::new(Code::InvalidAssociationIDNotFound, message)
            })
    }
}

fn new_id(context: &mut RequestContext<'_>) -> String {
    format!("rtbassoc-{}", context.rng.hex(17))
}

fn refuse_other_network(
    table: &str,
    vpc: &str,
    other: &str,
    other_vpc: &str,
) -> Result<(), ServiceError> {
    if vpc == other_vpc {
        return Ok(());
    }
    let kind = if other.starts_with("subnet-") {
        "subnet"
    } else {
        "route table"
    };
    let message = format!("route table {table} and {kind} {other} belong to different networks");
    Err(ServiceError::new(Code::InvalidParameterValue, message))
}

fn reply(name: &str, association: &str) -> Reply {
    Reply::xml(
        Element::new("reply")
            .with(name, association)
            .child(Element::new("associationState").with("state", "associated")),
    )
}
