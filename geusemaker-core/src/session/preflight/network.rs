//! The VPC and its subnets: those that the spec names, the usable ones of the VPC, or those that will be created.

use std::collections::{BTreeMap, BTreeSet};
use std::mem;

use super::Preflight;
use super::candidates::Offer;
use super::report::{Checked, Report, Unfit, during};
use crate::id::{SubnetId, VpcId};
use crate::plan::network::PlannedNetwork;
use crate::plan::problem::PlanProblem;
use crate::plan::warning::PlanWarning;
use crate::resource::route_table::{self, InternetRoute, InternetRoutes};
use crate::resource::subnet::{self, DescribedSubnet, Subnet};
use crate::resource::vpc::{self, DnsAttribute};
use crate::resource::{availability_zone, internet_gateway, vpc_endpoint};
use crate::spec::{Scheme, Tier};

const CHOOSING: &str = "choosing the network";

/// The free addresses that a load balancer needs in a subnet. Elastic Load Balancing user guide, "Subnets for your load
/// balancer".
const OF_LOAD_BALANCER: u32 = 8;

/// The address of CloudFront's network interface in a subnet of the load balancer.
const OF_VPC_ORIGIN: u32 = 1;

/// The address of a mount target in its subnet.
const OF_MOUNT_TARGET: u32 = 1;

/// The network of a stack.
pub(super) struct FoundNetwork {
    pub(super) planned: PlannedNetwork,
    /// The places in which instances may run: one per zone.
    pub(super) places: Vec<Place>,
    /// The ranges of the addresses of the instances, by zone.
    pub(super) ranges: BTreeMap<String, String>,
    /// The addresses that the stack takes in each subnet that exists.
    pub(super) needs: Vec<AddressNeed>,
}

/// The addresses that a stack takes in a subnet.
pub(super) struct AddressNeed {
    subnet: DescribedSubnet,
    of_balancer: u32,
    of_instances: u32,
}

/// A place in which instances may run.
pub(super) struct Place {
    pub(super) zone: String,
    /// The subnet, if it exists already.
    pub(super) subnet: Option<Subnet>,
}

impl Preflight<'_> {
    /// Looks at the network that the stack will use, unless it creates one.
    pub(super) async fn network(&self, report: &mut Report) -> Option<FoundNetwork> {
        if self.spec.network().is_created() {
            return None;
        }
        let found = self.subnets().await;
        let network = self.spec.network();
        let is_default = network.vpc().is_none() && network.subnets().is_empty();
        let (vpc, subnets) = report.take(found)?;
        let maker = self.session.maker_of(vpc.as_str()).await;
        if let Some(stack) = report.take(maker.map_err(Unfit::Unknown))? {
            report.problem(PlanProblem::NetworkOfStack {
                vpc: vpc.clone(),
                stack,
            });
        }
        let aws = &self.account.reader;
        let (zones, routes, dns, gateway) = futures::join!(
            availability_zone::names(aws),
            route_table::internet_routes(aws, &vpc),
            self.dns(&vpc),
            self.gateway(&vpc),
        );
        report.extend(dns);
        report.extend(gateway);
        let zones = report.look("the kind of the zones", zones);
        let routes = report.look("the route to the internet", routes);
        let found = subnets.len();
        let subnets = self.in_availability_zones(subnets, zones.as_ref(), report);
        let has_local = !network.subnets().is_empty() && subnets.len() < found;
        let zones: BTreeSet<_> = subnets.iter().map(|subnet| &subnet.zone).collect();
        if zones.len() < self.needed_zones() {
            if zones.is_empty() && has_local {
                // That is a problem of its own.
                return None;
            }
            report.problem(PlanProblem::OneZone {
                tier: self.spec.tier(),
                vpc,
                zones: zones.into_iter().cloned().collect(),
            });
            return None;
        }
        let mut by_route = ByRoute::of(subnets, routes.as_ref());
        if is_default && by_route.public.is_empty() && by_route.private.is_empty() {
            // AWS makes the default VPC with its route; servers that imitate AWS leave the route out.
            let vpc = vpc.clone();
            report
                .warnings
                .push(PlanWarning::DefaultVpcWithoutRoute { vpc });
            by_route.public = mem::take(&mut by_route.isolated);
        }
        Some(self.choose(vpc, by_route, report).await)
    }

    /// Returns the number of zones that the tier needs.
    fn needed_zones(&self) -> usize {
        if self.spec.tier() >= Tier::LoadBalancer {
            2
        } else {
            1
        }
    }

    /// Returns the subnets that the spec names, or all that may serve.
    async fn subnets(&self) -> Checked<(VpcId, Vec<DescribedSubnet>)> {
        let network = self.spec.network();
        let doing = || during(CHOOSING);
        let aws = &self.account.reader;
        if !network.subnets().is_empty() {
            return self.named_subnets().await;
        }
        let (vpc, is_default) = match network.vpc() {
            Some(vpc) if vpc::exists(aws, vpc).await.map_err(doing())? => (vpc.clone(), false),
            Some(vpc) => return Err(self.missing("network.vpc", vpc).into()),
            None => {
                let region = self.account.region.clone();
                let default = vpc::default(aws).await.map_err(doing())?;
                (default.ok_or(PlanProblem::NoDefaultVpc { region })?, true)
            }
        };
        let subnets = subnet::of_vpc(aws, &vpc, is_default)
            .await
            .map_err(doing())?;
        Ok((vpc, subnets))
    }

    async fn named_subnets(&self) -> Checked<(VpcId, Vec<DescribedSubnet>)> {
        let (mut subnets, mut problems) = (Vec::new(), Vec::new());
        for id in self.spec.network().subnets() {
            let found = subnet::named(&self.account.reader, id)
                .await
                .map_err(during(CHOOSING))?;
            match found {
                Some(subnet) => subnets.push(subnet),
                None => problems.push(self.missing("network.subnets", id)),
            }
        }
        let vpc = self.spec.network().vpc().cloned();
        let vpc = vpc.or_else(|| subnets.first().map(|subnet| subnet.vpc.clone()));
        if let Some(vpc) = &vpc {
            let others = subnets.iter().filter(|subnet| subnet.vpc != *vpc);
            problems.extend(others.map(|other| PlanProblem::OtherVpc {
                subnet: other.id.clone(),
                actual: other.vpc.clone(),
                vpc: vpc.clone(),
            }));
        }
        match vpc {
            Some(vpc) if problems.is_empty() => Ok((vpc, subnets)),
            _ => Err(Unfit::Problems(problems)),
        }
    }

    /// Leaves out the subnets of Local Zones and Wavelength Zones.
    fn in_availability_zones(
        &self,
        subnets: Vec<DescribedSubnet>,
        zones: Option<&BTreeSet<String>>,
        report: &mut Report,
    ) -> Vec<DescribedSubnet> {
        let Some(zones) = zones else {
            return subnets;
        };
        let (usual, local): (Vec<_>, Vec<_>) = subnets
            .into_iter()
            .partition(|subnet| zones.contains(&subnet.zone));
        if !self.spec.network().subnets().is_empty() {
            for DescribedSubnet { id, zone, .. } in local {
                report.problem(PlanProblem::LocalZone { subnet: id, zone });
            }
        }
        usual
    }

    /// Checks that the name of the file system has an address in the VPC.
    async fn dns(&self, vpc: &VpcId) -> Report {
        let mut report = Report::default();
        for attribute in DnsAttribute::ALL {
            let answer = vpc::has_dns(&self.account.reader, vpc, attribute).await;
            if report.look("the DNS of the VPC", answer) == Some(false) {
                report.problem(PlanProblem::NoDns {
                    vpc: vpc.clone(),
                    attribute,
                    region: self.account.region.clone(),
                });
            }
        }
        report
    }

    /// Checks that the VPC has an internet gateway, if CloudFront needs one there.
    async fn gateway(&self, vpc: &VpcId) -> Report {
        let mut report = Report::default();
        if self.spec.has_vpc_origin() {
            let answer = internet_gateway::is_attached_to(&self.account.reader, vpc).await;
            if report.look("the internet gateway of the VPC", answer) == Some(false) {
                let vpc = vpc.clone();
                report.problem(PlanProblem::NoInternetGateway { vpc });
            }
        }
        report
    }

    /// Chooses the subnets of the load balancer and those of the instances.
    async fn choose(&self, vpc: VpcId, by_route: ByRoute, report: &mut Report) -> FoundNetwork {
        let balancer = self.balancer_subnets(&vpc, &by_route, report);
        let of_instances = self.spec.compute().count() + OF_MOUNT_TARGET;
        let is_named = !self.spec.network().subnets().is_empty();
        let mut instances = if is_named && !by_route.private.is_empty() {
            // Whoever names private subnets wants the instances in them.
            one_per_zone(&by_route.private, of_instances)
        } else {
            let reaching = [by_route.public.as_slice(), &by_route.private].concat();
            one_per_zone(&reaching, of_instances)
        };
        if instances.is_empty() {
            instances = one_per_zone(&by_route.isolated, of_instances);
            self.isolation(&vpc, &by_route.isolated, report).await;
        }
        if !balancer.is_empty() {
            // A target in a zone without the load balancer gets no requests.
            instances.retain(|subnet| balancer.iter().any(|it| it.zone == subnet.zone));
        }
        let is_in =
            |all: &[DescribedSubnet], id: &SubnetId| all.iter().any(|subnet| subnet.id == *id);
        let of_vpc_origin = match self.spec.has_vpc_origin() {
            true => OF_VPC_ORIGIN,
            false => 0,
        };
        let others = balancer.iter().filter(|it| !is_in(&instances, &it.id));
        let need = |subnet: &DescribedSubnet| AddressNeed {
            of_balancer: if is_in(&balancer, &subnet.id) {
                OF_LOAD_BALANCER + of_vpc_origin
            } else {
                0
            },
            of_instances: if is_in(&instances, &subnet.id) {
                of_instances
            } else {
                0
            },
            subnet: subnet.clone(),
        };
        let needs = instances.iter().chain(others).map(need).collect();
        let planned =
            |subnet: &DescribedSubnet| subnet.planned(is_in(&by_route.public, &subnet.id));
        let subnets = if self.spec.tier() >= Tier::LoadBalancer {
            &balancer
        } else {
            &instances
        };
        let places = instances.iter().map(|subnet| Place {
            zone: subnet.zone.clone(),
            subnet: Some(planned(subnet)),
        });
        FoundNetwork {
            places: places.collect(),
            ranges: instances
                .iter()
                .map(|subnet| (subnet.zone.clone(), subnet.range.clone()))
                .collect(),
            needs,
            planned: PlannedNetwork::Existing {
                subnets: subnets.iter().map(planned).collect(),
                vpc,
            },
        }
    }

    /// Checks that the subnets have enough free addresses. No instance comes into a zone that offers none of the types.
    pub(super) fn addresses(&self, network: &FoundNetwork, offers: &[Offer], report: &mut Report) {
        for need in &network.needs {
            let zone = &need.subnet.zone;
            let is_offered = offers.iter().any(|offer| offer.zones.contains(zone));
            let of_instances = if is_offered { need.of_instances } else { 0 };
            check_addresses(&need.subnet, need.of_balancer + of_instances, report);
        }
    }

    /// Returns the subnets of the load balancer.
    fn balancer_subnets(
        &self,
        vpc: &VpcId,
        by_route: &ByRoute,
        report: &mut Report,
    ) -> Vec<DescribedSubnet> {
        if self.spec.tier() < Tier::LoadBalancer {
            return Vec::new();
        }
        if self.spec.balancer_scheme() == Scheme::Internal {
            // It needs no way to the internet, so it leaves the public subnets to others.
            let ByRoute {
                public,
                private,
                isolated,
            } = by_route;
            let all = [&private[..], isolated, public].concat();
            return one_per_zone(&all, OF_LOAD_BALANCER);
        }
        let subnets = one_per_zone(&by_route.public, OF_LOAD_BALANCER);
        if subnets.len() < self.needed_zones() {
            report.problem(PlanProblem::NotPublic {
                tier: self.spec.tier(),
                vpc: vpc.clone(),
                zones: subnets.iter().map(|subnet| subnet.zone.clone()).collect(),
            });
        }
        subnets
    }

    /// Reports that no subnet has a route to the internet.
    async fn isolation(&self, vpc: &VpcId, subnets: &[DescribedSubnet], report: &mut Report) {
        let reaches_ecr = vpc_endpoint::reach_ecr(&self.account.reader, vpc).await;
        let vpc = vpc.clone();
        if report.look("the VPC's endpoints", reaches_ecr) == Some(true) {
            report.warnings.push(PlanWarning::OnlyEcr { vpc });
        } else {
            report.problem(PlanProblem::NoInternetRoute {
                subnets: subnets.iter().map(|subnet| subnet.id.clone()).collect(),
                vpc,
            });
        }
    }
}

/// The subnets of a VPC by their route to the internet.
#[derive(Default)]
struct ByRoute {
    /// Those with a route to an internet gateway.
    public: Vec<DescribedSubnet>,
    /// Those with a route to a NAT gateway or the like.
    private: Vec<DescribedSubnet>,
    /// Those without a route.
    isolated: Vec<DescribedSubnet>,
}

impl ByRoute {
    /// Sorts the subnets. Without permission to look at routes, they are taken for the usual public ones.
    fn of(subnets: Vec<DescribedSubnet>, routes: Option<&InternetRoutes>) -> Self {
        let mut sorted = Self::default();
        for subnet in subnets {
            let route = routes.map_or(InternetRoute::InternetGateway, |it| it.of(&subnet.id));
            match route {
                InternetRoute::InternetGateway => sorted.public.push(subnet),
                InternetRoute::Other => sorted.private.push(subnet),
                InternetRoute::None => sorted.isolated.push(subnet),
            }
        }
        sorted
    }
}

/// Returns one subnet of each zone, because a load balancer and a file system each take only one: the first with enough
/// free addresses, or else the first.
fn one_per_zone(subnets: &[DescribedSubnet], needed: u32) -> Vec<DescribedSubnet> {
    let mut chosen = BTreeMap::<&str, &DescribedSubnet>::new();
    for subnet in subnets {
        let first = chosen.entry(&subnet.zone).or_insert(subnet);
        if first.free_addresses < needed && subnet.free_addresses >= needed {
            *first = subnet;
        }
    }
    chosen.into_values().cloned().collect()
}

fn check_addresses(subnet: &DescribedSubnet, needed: u32, report: &mut Report) {
    if subnet.free_addresses < needed {
        report.problem(PlanProblem::TooFewAddresses {
            subnet: subnet.id.clone(),
            zone: subnet.zone.clone(),
            free: subnet.free_addresses,
            needed,
        });
    }
}
