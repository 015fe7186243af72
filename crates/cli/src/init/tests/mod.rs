//! Facts in, choices out.

mod database;
#[cfg(unix)]
mod file;
mod network;
mod secret;
mod section;

use super::choice::{Choice, Choices, Current, Value, Wishes};
use super::choices::choose;
use super::facts::{
    Association, Endpoint, Facts, Group, Instance, Listener, ManagedSecret, Membership, Memberships, NatGateway,
    Permission, PrefixList, Range, Refused, Route, RouteTable, Secret, SecurityGroup, Subnet, SubnetGroup, Tag,
};

const REGION: &str = "eu-west-1";
const STACK: &str = "lockstep-migrations-dev";
const MANAGED: &str = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:rds!db-1-AbCdEf";

/// What a newcomer has who followed the guide: two private subnets in two zones, a table of their own, an instance with a
/// secret that RDS manages.
fn facts() -> Facts {
    Facts {
        region: REGION.to_owned(),
        instance: Instance {
            id: "app-db".to_owned(),
            arn: "arn:aws:rds:eu-west-1:123456789012:db:app-db".to_owned(),
            engine: "postgres".to_owned(),
            database: Some("app".to_owned()),
            endpoint: Some(Listener { port: 5432 }),
            availability_zone: Some("eu-west-1b".to_owned()),
            subnet_group: Some(SubnetGroup { vpc_id: "vpc-1".to_owned() }),
            vpc_security_groups: groups(&["sg-1"]),
            master_user_secret: Some(ManagedSecret { arn: MANAGED.to_owned() }),
            ..Instance::default()
        },
        subnets: Ok(vec![subnet("subnet-a", 'a', 1), subnet("subnet-b", 'b', 2)]),
        route_tables: Ok(vec![table("rtb-1", &["subnet-a", "subnet-b"], None)]),
        groups: Ok(vec![SecurityGroup {
            id: "sg-1".to_owned(),
            name: "database".to_owned(),
            ..SecurityGroup::default()
        }]),
        prefix_lists: Ok(vec![PrefixList { id: "pl-1".to_owned(), name: "com.amazonaws.eu-west-1.s3".to_owned() }]),
        endpoints: Ok(Vec::new()),
        zones: Ok(["a", "b", "c"].map(|zone| format!("{REGION}{zone}")).to_vec()),
        nat_gateways: Ok(Vec::new()),
        secrets: Ok(vec![secret("rds!db-1", MANAGED)]),
    }
}

fn groups(ids: &[&str]) -> Memberships {
    let one = |id: &&str| Membership { group: (*id).to_owned(), status: "active".to_owned() };
    Memberships { all: ids.iter().map(one).collect() }
}

fn subnet(id: &str, zone: char, net: u8) -> Subnet {
    Subnet {
        id: id.to_owned(),
        zone: format!("{REGION}{zone}"),
        cidr: format!("10.0.{net}.0/24"),
        free: 200,
        ..Subnet::default()
    }
}

/// A route table. Its default route is given by its target.
fn table(id: &str, subnets: &[&str], out: Option<&str>) -> RouteTable {
    let local = Route {
        destination: "10.0.0.0/16".to_owned(),
        state: "active".to_owned(),
        gateway_id: Some("local".to_owned()),
        ..Route::default()
    };
    let out = out.map(|target| {
        let target = Some(target.to_owned());
        let kind = target.as_deref().and_then(|one| one.split('-').next());
        let mut route = Route { destination: "0.0.0.0/0".to_owned(), state: "active".to_owned(), ..Route::default() };
        match kind {
            Some("nat") => route.nat_gateway_id = target,
            Some("tgw") => route.transit_gateway_id = target,
            Some("eni") => route.network_interface_id = target,
            _ => route.gateway_id = target,
        }
        route
    });
    let associations = subnets.iter().map(|id| match *id {
        "main" => Association { main: true, subnet: None },
        id => Association { main: false, subnet: Some(id.to_owned()) },
    });
    RouteTable {
        id: id.to_owned(),
        routes: std::iter::once(local).chain(out).collect(),
        associations: associations.collect(),
    }
}

fn secret(name: &str, arn: &str) -> Secret {
    let owner = name.starts_with("rds!").then(|| "rds".to_owned());
    Secret { name: name.to_owned(), arn: arn.to_owned(), owner, ..Secret::default() }
}

/// An endpoint of S3 in these tables.
fn s3_endpoint(id: &str, tables: &[&str], name: &str) -> Endpoint {
    Endpoint {
        id: id.to_owned(),
        kind: "Gateway".to_owned(),
        service: "com.amazonaws.eu-west-1.s3".to_owned(),
        state: "available".to_owned(),
        route_tables: tables.iter().map(|id| (*id).to_owned()).collect(),
        tags: vec![Tag { key: "Name".to_owned(), value: name.to_owned() }],
        ..Endpoint::default()
    }
}

/// An endpoint of Secrets Manager that the whole VPC calls, and the group that admits this range to it.
fn secrets_endpoint(range: &str) -> (Endpoint, SecurityGroup) {
    let endpoint = Endpoint {
        id: "vpce-9".to_owned(),
        kind: "Interface".to_owned(),
        service: "com.amazonaws.eu-west-1.secretsmanager".to_owned(),
        state: "available".to_owned(),
        private_dns: true,
        groups: vec![Group { id: "sg-9".to_owned() }],
        ..Endpoint::default()
    };
    let permission = Permission {
        protocol: "tcp".to_owned(),
        from: Some(443),
        to: Some(443),
        ranges: vec![Range { cidr: range.to_owned() }],
        ..Permission::default()
    };
    let group = SecurityGroup {
        id: "sg-9".to_owned(),
        name: "endpoints".to_owned(),
        admits: vec![permission],
        ..SecurityGroup::default()
    };
    (endpoint, group)
}

fn nat(id: &str, state: &str) -> NatGateway {
    NatGateway { id: id.to_owned(), state: state.to_owned(), connectivity: None }
}

fn refused(action: &'static str) -> Refused {
    Refused { action }
}

fn current(values: &[(&str, &str)]) -> Current {
    values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// Chooses with nothing said and nothing written yet.
fn chosen(facts: &Facts) -> Choices {
    choose(facts, &Wishes::default(), &Current::new(), STACK).unwrap()
}

fn choice<'a>(choices: &'a Choices, name: &str) -> &'a Choice {
    let mut found = choices.all.iter().filter(|choice| choice.name == name);
    let one = found.next().unwrap_or_else(|| panic!("no choice of {name}"));
    assert!(found.next().is_none(), "{name} is chosen twice");
    one
}

/// Returns a value, with `-` for the default, `=` for what is kept, and `?` for what is left to a person.
fn value<'a>(choices: &'a Choices, name: &str) -> &'a str {
    match &choice(choices, name).value {
        Value::Set(value) => value,
        Value::Default => "-",
        Value::Kept => "=",
        Value::Left => "?",
    }
}

fn why<'a>(choices: &'a Choices, name: &str) -> &'a str {
    &choice(choices, name).why
}

#[test]
fn a_newcomers_network_is_found_whole() {
    let choices = chosen(&facts());
    let values: Vec<_> = choices.all.iter().map(|choice| (choice.name, value(&choices, choice.name))).collect();
    assert_eq!(
        values,
        [
            ("region", "eu-west-1"),
            ("VpcId", "vpc-1"),
            ("SubnetIds", "subnet-b,subnet-a"),
            ("SecretsManagerEndpoint", "true"),
            ("S3RouteTableIds", "rtb-1"),
            ("S3PrefixListId", "pl-1"),
            ("DatabaseInstance", "app-db"),
            ("DatabaseSecretArn", MANAGED),
            ("DatabaseSecretKmsKeyArn", "-"),
            ("DatabaseSecurityGroupId", "sg-1"),
            ("DatabasePort", "-"),
            ("DatabaseName", "-"),
            ("NotificationAddress", "?"),
        ]
    );
    assert_eq!(choices.questions.iter().map(|question| question.name).collect::<Vec<_>>(), ["NotificationAddress"]);
    assert!(choices.all.iter().all(|choice| !choice.why.is_empty() && !choice.why.contains('\n')));
}

#[test]
fn a_mail_address_is_said_kept_or_asked() {
    let with = |mail: Option<&str>, kept: &[(&str, &str)]| {
        let wishes = Wishes { mail: mail.map(str::to_owned), ..Wishes::default() };
        choose(&facts(), &wishes, &current(kept), STACK)
            .map(|choices| value(&choices, "NotificationAddress").to_owned())
    };
    assert_eq!(
        with(Some("team@example.com"), &[("NotificationAddress", "old@example.com")]).unwrap(),
        "team@example.com"
    );
    assert_eq!(with(None, &[("NotificationAddress", "old@example.com")]).unwrap(), "old@example.com");
    for wrong in ["team", "team@example", "@example.com", "a@b@c.de", "a b@c.de", "team@example..com", "team@.com", ""]
    {
        assert!(with(Some(wrong), &[]).unwrap_err().message.contains("not one mail address"), "{wrong}");
    }
}
