//! The subnets of the functions, and how they reach Secrets Manager and S3 from there.
//!
//! Any subnet of the VPC reaches the database. A function has no public address, so a subnet is of use if it has a NAT, or if
//! endpoints can be its way: an interface endpoint of Secrets Manager, and a gateway endpoint of S3.

use std::collections::BTreeSet;

use super::addresses;
use super::choice::{Choice, Current};
use super::facts::{Endpoint, Facts, Permission, Refused, Route, RouteTable, SecurityGroup, Subnet};
use super::permissions;

const SUBNETS: &str = "SubnetIds";
const SECRETS: &str = "SecretsManagerEndpoint";
const TABLES: &str = "S3RouteTableIds";
const PREFIXES: &str = "S3PrefixListId";

/// Two zones keep the functions going while one of them is away. Each costs its share of an endpoint.
const ZONES: usize = 2;

/// What an interface endpoint costs in each subnet, in cents a month: an order of magnitude, prices differ by Region.
const CENTS_A_MONTH: usize = 730;

/// Returns the choices, in the order of the section.
pub(super) fn choose(facts: &Facts, current: &Current, stack: &str) -> Vec<Choice> {
    let network = match Network::of(facts, current, stack) {
        Ok(network) => network,
        Err(refused) => return unseen(facts, &refused, current),
    };
    match network.place() {
        Ok(place) => network.choices(&place),
        Err(why) => vec![
            Choice::left(SUBNETS, why),
            Choice::kept(SECRETS, "it depends on the subnets"),
            Choice::left(TABLES, "it depends on the subnets"),
            prefix_list(facts),
        ],
    }
}

/// Returns the choices where the subnets or their routes may not be seen.
fn unseen(facts: &Facts, refused: &Refused, current: &Current) -> Vec<Choice> {
    let hand = "Take private subnets of the VPC, each in another zone";
    let endpoint = if current.contains_key(SECRETS) {
        Choice::kept(SECRETS, "it depends on the subnets")
    } else {
        Choice::set(
            SECRETS,
            "true",
            "an endpoint of the stack's own works in each subnet; it may cost more than is needed",
        )
    };
    vec![
        Choice::unseen(SUBNETS, refused, hand),
        endpoint,
        Choice::unseen(TABLES, refused, "Take the tables of these subnets; none if they reach S3 already"),
        prefix_list(facts),
    ]
}

/// How a subnet leads out of its VPC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Way<'a> {
    /// Through a NAT.
    Nat(&'a str),
    /// Not at all.
    Private,
    /// To another network, which may lead on.
    Elsewhere(&'a str),
    /// Through an internet gateway, which is of no use without a public address.
    Public(&'a str),
}

impl Way<'_> {
    /// Returns which way is better, the best first.
    fn rank(self) -> usize {
        match self {
            Self::Nat(_) => 0,
            Self::Private => 1,
            Self::Elsewhere(_) => 2,
            Self::Public(_) => 3,
        }
    }
}

/// A subnet that can be used.
#[derive(Debug, Clone, Copy)]
struct Candidate<'a> {
    subnet: &'a Subnet,
    table: &'a RouteTable,
    way: Way<'a>,
    /// Whether it reaches Secrets Manager as things are.
    reaches_secrets: bool,
    /// An endpoint of S3 in its table that is not this stack's.
    s3: Option<&'a Endpoint>,
}

/// The subnets that were chosen.
struct Place<'a> {
    chosen: Vec<Candidate<'a>>,
    /// Whether the stack has to make an endpoint of Secrets Manager.
    needs_endpoint: bool,
    /// Whether samconfig.toml named them.
    kept: bool,
}

struct Network<'a> {
    facts: &'a Facts,
    stack: &'a str,
    named: Vec<&'a str>,
    usable: Vec<Candidate<'a>>,
    /// The subnets that cannot be used, each with the reason.
    unusable: Vec<String>,
    /// An endpoint of Secrets Manager to which the service's own name leads, with what is in the way of using it.
    shared: Option<(&'a Endpoint, Option<&'static str>)>,
}

impl<'a> Network<'a> {
    fn of(facts: &'a Facts, current: &'a Current, stack: &'a str) -> Result<Self, Refused> {
        let subnets = facts.subnets.as_ref().map_err(Clone::clone)?;
        let tables = facts.route_tables.as_ref().map_err(Clone::clone)?;
        let named = current.get(SUBNETS).map_or("", String::as_str).split(',').map(str::trim);
        let named: Vec<_> = named.filter(|id| !id.is_empty()).collect();
        let mut network = Self { facts, stack, named, usable: Vec::new(), unusable: Vec::new(), shared: None };
        network.shared = network.shared_endpoint(subnets);
        for subnet in subnets {
            match network.candidate(subnet, tables) {
                Ok(candidate) => network.usable.push(candidate),
                Err(why) => network.unusable.push(format!("{} ({}) {why}", subnet.id, subnet.zone)),
            }
        }
        Ok(network)
    }

    fn candidate(&self, subnet: &'a Subnet, tables: &'a [RouteTable]) -> Result<Candidate<'a>, String> {
        let zone = subnet.zone.strip_prefix(self.facts.region.as_str()).unwrap_or_default();
        if zone.len() != 1 || subnet.outpost_arn.is_some() {
            return Err("is in no zone of the Region itself, where Lambda is not".to_owned());
        }
        if subnet.ipv6_native {
            return Err("has no IPv4 addresses".to_owned());
        }
        let table = table_of(subnet, tables).ok_or("has no route table that is known")?;
        let s3 = self.endpoint_of_s3(table);
        let way = self.way(table);
        if let Way::Public(gateway) = way
            && s3.is_none()
        {
            return Err(format!(
                "is public (it leads to {gateway}), and a function there has no address for that, nor an endpoint of S3"
            ));
        }
        let admitted = self.shared.is_some_and(|(endpoint, obstacle)| {
            obstacle.is_none() && self.admits(endpoint, std::slice::from_ref(subnet)) == Some(true)
        });
        let reaches_secrets = matches!(way, Way::Nat(_)) || admitted;
        Ok(Candidate { subnet, table, way, reaches_secrets, s3 })
    }

    fn way(&self, table: &'a RouteTable) -> Way<'a> {
        let out = table.routes.iter().find(|route| route.destination == "0.0.0.0/0" && route.state != "blackhole");
        let Some(out) = out else { return Way::Private };
        match target(out) {
            Some(("nat", gateway)) if self.is_broken(gateway) => Way::Private,
            Some(("nat", gateway)) => Way::Nat(gateway),
            Some(("internet", gateway)) => Way::Public(gateway),
            Some((_, other)) => Way::Elsewhere(other),
            None => Way::Private,
        }
    }

    /// Whether a NAT gateway is known to lead to no internet.
    fn is_broken(&self, gateway: &str) -> bool {
        self.facts.nat_gateways.iter().flatten().any(|nat| {
            nat.id == gateway && (nat.state != "available" || nat.connectivity.as_deref() == Some("private"))
        })
    }

    /// Returns the gateway endpoint of S3 in a table, unless this stack has made it.
    fn endpoint_of_s3(&self, table: &RouteTable) -> Option<&'a Endpoint> {
        let service = format!("com.amazonaws.{}.s3", self.facts.region);
        let own = format!("{}-s3", self.stack);
        self.facts.endpoints.iter().flatten().find(|endpoint| {
            endpoint.kind == "Gateway"
                && endpoint.service == service
                && endpoint.route_tables.contains(&table.id)
                && !endpoint.tags.iter().any(|tag| tag.key == "Name" && tag.value == own)
        })
    }

    /// Returns an endpoint of Secrets Manager that the whole VPC calls, and what is in the way of using it. An endpoint without
    /// a private DNS name, as this stack makes one, is only for clients that know its name.
    fn shared_endpoint(&self, subnets: &[Subnet]) -> Option<(&'a Endpoint, Option<&'static str>)> {
        let service = format!("com.amazonaws.{}.secretsmanager", self.facts.region);
        let endpoint = self.facts.endpoints.iter().flatten().find(|endpoint| {
            endpoint.kind == "Interface"
                && endpoint.service == service
                && endpoint.private_dns
                && endpoint.state.eq_ignore_ascii_case("available")
        })?;
        let obstacle = if endpoint.policy.as_deref().is_none_or(permissions::is_open) {
            match self.admits(endpoint, subnets) {
                None => Some("its security groups could not be read"),
                Some(false) => Some("its security groups do not admit the subnets"),
                Some(true) => None,
            }
        } else {
            Some("its policy does not allow everything")
        };
        Some((endpoint, obstacle))
    }

    /// Returns whether an endpoint's security groups admit one of the subnets by its addresses, or the functions by their own
    /// group, if there are some already. Returns `None` where that may not be seen.
    fn admits(&self, endpoint: &Endpoint, subnets: &[Subnet]) -> Option<bool> {
        let groups = self.facts.groups.as_ref().ok()?;
        let functions = format!("{}-functions", self.stack);
        let is_own = |group: &&SecurityGroup| group.tags.iter().any(|tag| tag.key == "Name" && tag.value == functions);
        let own = groups.iter().find(is_own).map(|group| &group.id);
        let of_endpoint = groups.iter().filter(|group| endpoint.groups.iter().any(|one| one.id == group.id));
        let mut permissions = of_endpoint.flat_map(|group| &group.admits).filter(|one| is_for_https(one));
        Some(permissions.any(|permission| {
            permission.groups.iter().any(|group| Some(&group.id) == own)
                || permission
                    .ranges
                    .iter()
                    .any(|range| subnets.iter().any(|subnet| addresses::contains(&range.cidr, &subnet.cidr)))
        }))
    }

    /// Whether Secrets Manager's endpoint service is in a subnet's zone, as far as that is known.
    fn is_served(&self, subnet: &Subnet) -> bool {
        self.facts.zones.as_ref().map_or(true, |zones| zones.contains(&subnet.zone))
    }

    /// Returns the subnets to use.
    fn place(&self) -> Result<Place<'a>, String> {
        if let Some(kept) = self.kept() {
            return Ok(kept);
        }
        let mut best: Option<(Place<'a>, [usize; 3])> = None;
        for rank in 0..=3 {
            for needs_endpoint in [false, true] {
                let fits = |one: &&Candidate<'a>| {
                    one.way.rank() == rank
                        && if needs_endpoint { self.is_served(one.subnet) } else { one.reaches_secrets }
                };
                let chosen = self.one_a_zone(self.usable.iter().filter(fits).copied().collect());
                // Two zones come first, then what costs nothing, then the better way.
                let key = [ZONES - chosen.len(), usize::from(needs_endpoint), rank];
                if !chosen.is_empty() && best.as_ref().is_none_or(|(_, other)| key < *other) {
                    best = Some((Place { chosen, needs_endpoint, kept: false }, key));
                }
            }
        }
        best.map(|(place, _)| place).ok_or_else(|| self.why_none())
    }

    /// Returns the subnets that samconfig.toml names, if they can stay.
    fn kept(&self) -> Option<Place<'a>> {
        let find = |id: &&'a str| self.usable.iter().find(|one| one.subnet.id == *id).copied();
        let chosen: Vec<_> = self.named.iter().map(find).collect::<Option<_>>()?;
        let needs_endpoint = !chosen.iter().all(|one| one.reaches_secrets);
        let zones: BTreeSet<_> = chosen.iter().map(|one| &one.subnet.zone).collect();
        let is_right = !chosen.is_empty()
            && zones.len() == chosen.len()
            && (!needs_endpoint || chosen.iter().all(|one| self.is_served(one.subnet)));
        is_right.then_some(Place { chosen, needs_endpoint, kept: true })
    }

    /// Returns the best subnet of each zone, for the first zones: the instance's own, its standby's, then by name.
    fn one_a_zone(&self, mut of: Vec<Candidate<'a>>) -> Vec<Candidate<'a>> {
        let instance = &self.facts.instance;
        let order = |one: &Candidate<'_>| {
            let zone = Some(&one.subnet.zone);
            let turn = match () {
                () if zone == instance.availability_zone.as_ref() => 0,
                () if zone == instance.secondary_availability_zone.as_ref() => 1,
                () => 2,
            };
            // Where S3 is reached already nothing has to be added.
            (turn, one.subnet.zone.clone(), one.s3.is_none(), u32::MAX - one.subnet.free, one.subnet.id.clone())
        };
        of.sort_by_key(order);
        of.dedup_by(|later, earlier| later.subnet.zone == earlier.subnet.zone);
        of.truncate(ZONES);
        of
    }

    fn why_none(&self) -> String {
        let mut reasons = self.unusable.clone();
        for one in &self.usable {
            reasons.push(format!("{} ({}) is where Secrets Manager has no endpoint", one.subnet.id, one.subnet.zone));
        }
        if reasons.is_empty() {
            return "the VPC has no subnet".to_owned();
        }
        let many = reasons.len();
        reasons.truncate(4);
        let more =
            if many > reasons.len() { format!("; {} more are no better", many - reasons.len()) } else { String::new() };
        format!(
            "the VPC has no subnet for the functions: {}{more}. Make a private subnet (a route table of its own, without a route \
             to an internet gateway), and run this again",
            reasons.join("; ")
        )
    }

    fn choices(&self, place: &Place<'a>) -> Vec<Choice> {
        let tables = self.tables(place);
        vec![self.subnets(place), self.secrets(place), tables, prefix_list(self.facts)]
    }

    fn subnets(&self, place: &Place<'a>) -> Choice {
        let ids: Vec<_> = place.chosen.iter().map(|one| one.subnet.id.as_str()).collect();
        let said: Vec<_> = place.chosen.iter().map(|one| self.about(one)).collect();
        let start = if place.kept { "as samconfig.toml has them: " } else { "" };
        let only = if place.chosen.len() == 1 && !place.kept {
            "; no other zone has one that is as good, so nothing runs while this zone is away"
        } else {
            ""
        };
        let zones = match &self.facts.zones {
            Err(refused) if place.needs_endpoint => {
                format!(
                    "; whether Secrets Manager has an endpoint there is not known ({} is not allowed to you)",
                    refused.action
                )
            }
            _ => String::new(),
        };
        let nat = match &self.facts.nat_gateways {
            Err(refused) if place.chosen.iter().any(|one| matches!(one.way, Way::Nat(_))) => {
                format!("; whether the NAT works is not known ({} is not allowed to you)", refused.action)
            }
            _ => String::new(),
        };
        Choice::set(SUBNETS, ids.join(","), format!("{start}{}{only}{zones}{nat}", said.join(", ")))
    }

    fn about(&self, one: &Candidate<'_>) -> String {
        let instance = &self.facts.instance;
        let zone = &one.subnet.zone;
        let whose = match () {
            () if instance.availability_zone.as_ref() == Some(zone) => " (the instance's zone)",
            () if instance.secondary_availability_zone.as_ref() == Some(zone) => " (the standby's zone)",
            () => "",
        };
        match one.way {
            Way::Nat(gateway) => format!("{zone}{whose} with the NAT {gateway}"),
            Way::Private => format!("{zone}{whose}, private"),
            Way::Elsewhere(target) => format!("{zone}{whose} with a route to {target}"),
            Way::Public(_) => format!("{zone}{whose}, public, but with an endpoint of S3"),
        }
    }

    fn secrets(&self, place: &Place<'a>) -> Choice {
        let count = place.chosen.len();
        let cost = dollars(count * CENTS_A_MONTH);
        if !place.needs_endpoint {
            let by_nat = place.chosen.iter().all(|one| matches!(one.way, Way::Nat(_)));
            let through = match self.shared {
                Some((endpoint, None)) if !by_nat => format!("the endpoint {}", endpoint.id),
                _ => "the NAT".to_owned(),
            };
            return Choice::set(
                SECRETS,
                "false",
                format!("the subnets reach Secrets Manager through {through}: that saves about {cost} a month"),
            );
        }
        let why = match (self.shared, &self.facts.endpoints) {
            (Some((endpoint, obstacle)), _) => format!(
                "the VPC has {}, but {}. Let it admit the output FunctionSecurityGroupId and set false later: the stack's own costs \
                 about {cost} a month",
                endpoint.id,
                obstacle.unwrap_or("it does not admit each of the subnets")
            ),
            (None, Err(refused)) => format!(
                "the subnets have no NAT; whether the VPC has an endpoint is not known ({} is not allowed to you). The stack's own \
                 costs about {cost} a month",
                refused.action
            ),
            (None, Ok(_)) => {
                format!("the subnets have no NAT and no endpoint to it: the stack makes one, for about {cost} a month")
            }
        };
        Choice::set(SECRETS, "true", why)
    }

    fn tables(&self, place: &Place<'a>) -> Choice {
        let is_without = |one: &&Candidate<'_>| one.way == Way::Private && one.s3.is_none();
        let mut without: Vec<_> = place.chosen.iter().filter(is_without).map(|one| one.table.id.as_str()).collect();
        without.sort_unstable();
        without.dedup();
        if without.is_empty() {
            let elsewhere = place.chosen.iter().find_map(|one| match (one.way, one.s3) {
                (Way::Elsewhere(target), None) => Some(target),
                _ => None,
            });
            let s3 = place.chosen.iter().find_map(|one| one.s3);
            return Choice::default(
                TABLES,
                match (elsewhere, s3) {
                    (Some(target), _) => format!(
                        "left out: {target} may lead to S3. If a plan has no report, add an endpoint of S3 to the route tables"
                    ),
                    (None, Some(endpoint)) => format!("not needed: {} leads to S3 already", endpoint.id),
                    (None, None) => "not needed: the NAT leads to S3".to_owned(),
                },
            );
        }
        if let Err(refused) = &self.facts.endpoints {
            let hand = format!("It is {} if no endpoint of S3 is in there, and empty otherwise", without.join(","));
            return Choice::unseen(TABLES, refused, &hand);
        }
        let shared = self.others_in(&without, place);
        let warning = if shared.is_empty() {
            String::new()
        } else {
            format!(
                ". {} too: all their traffic to S3 then goes through it, and it admits nothing but the reports",
                shared.join(", ")
            )
        };
        Choice::set(
            TABLES,
            without.join(","),
            format!("the subnets do not reach S3: the stack adds its endpoint to these tables, for nothing{warning}"),
        )
    }

    /// Returns what uses these tables besides the chosen subnets.
    fn others_in(&self, tables: &[&str], place: &Place<'_>) -> Vec<String> {
        let (all, of) = (self.facts.subnets.as_ref(), self.facts.route_tables.as_ref());
        let (Ok(all), Ok(of)) = (all, of) else { return Vec::new() };
        let is_other = |subnet: &&Subnet| {
            !place.chosen.iter().any(|one| one.subnet.id == subnet.id)
                && table_of(subnet, of).is_some_and(|table| tables.contains(&table.id.as_str()))
        };
        let others: Vec<_> = all.iter().filter(is_other).map(|subnet| subnet.id.clone()).collect();
        match others.len() {
            0 => Vec::new(),
            1..=3 => vec![format!("{} uses it", others.join(" and "))],
            many => vec![format!("{many} other subnets use them")],
        }
    }
}

/// Returns the table that a subnet uses: its own, or the VPC's main one.
fn table_of<'a>(subnet: &Subnet, tables: &'a [RouteTable]) -> Option<&'a RouteTable> {
    let own = |table: &&RouteTable| table.associations.iter().any(|one| one.subnet.as_ref() == Some(&subnet.id));
    let main = |table: &&RouteTable| table.associations.iter().any(|one| one.main);
    tables.iter().find(own).or_else(|| tables.iter().find(main))
}

fn is_for_https(permission: &Permission) -> bool {
    permission.protocol == "-1"
        || (permission.protocol == "tcp"
            && permission.from.is_none_or(|from| from <= 443)
            && permission.to.is_none_or(|to| to >= 443))
}

/// Returns what a route leads to, with its kind.
fn target(route: &Route) -> Option<(&'static str, &str)> {
    let nat = [&route.nat_gateway_id, &route.instance_id, &route.network_interface_id];
    if let Some(nat) = nat.into_iter().flatten().next() {
        return Some(("nat", nat));
    }
    let internet = route.gateway_id.as_deref().filter(|gateway| gateway.starts_with("igw-"));
    if let Some(gateway) = internet {
        return Some(("internet", gateway));
    }
    let others = [&route.transit_gateway_id, &route.vpc_peering_connection_id, &route.gateway_id];
    others.into_iter().flatten().next().map(|other| ("other", other.as_str()))
}

fn prefix_list(facts: &Facts) -> Choice {
    let name = format!("com.amazonaws.{}.s3", facts.region);
    match &facts.prefix_lists {
        Ok(lists) => match lists.iter().find(|list| list.name == name) {
            Some(list) => {
                Choice::set(PREFIXES, list.id.as_str(), format!("{name}: it lets the functions connect to S3"))
            }
            None => Choice::left(PREFIXES, format!("the Region has no prefix list {name} that is shown to you")),
        },
        Err(refused) => Choice::unseen(
            PREFIXES,
            refused,
            &format!(
                "Ask for it: aws ec2 describe-managed-prefix-lists --filters Name=prefix-list-name,Values={name} --region {}",
                facts.region
            ),
        ),
    }
}

/// Returns an amount of cents in dollars.
fn dollars(cents: usize) -> String {
    format!("${}.{:02}", cents / 100, cents % 100)
}
