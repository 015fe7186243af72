//! The subnets, and the ways to Secrets Manager and S3.

use super::*;

const ALL: [&str; 4] = ["SubnetIds", "SecretsManagerEndpoint", "S3RouteTableIds", "S3PrefixListId"];

fn network(facts: &Facts) -> [String; 4] {
    let choices = chosen(facts);
    ALL.map(|name| value(&choices, name).to_owned())
}

fn with(subnets: Vec<Subnet>, tables: Vec<RouteTable>) -> Facts {
    Facts { subnets: Ok(subnets), route_tables: Ok(tables), ..facts() }
}

/// Two private subnets beside two with a NAT.
fn mixed() -> Facts {
    let subnets = vec![
        subnet("subnet-a", 'a', 1),
        subnet("subnet-b", 'b', 2),
        subnet("subnet-na", 'a', 3),
        subnet("subnet-nb", 'b', 4),
    ];
    let tables = vec![table("rtb-1", &["main"], None), table("rtb-2", &["subnet-na", "subnet-nb"], Some("nat-1"))];
    Facts { nat_gateways: Ok(vec![nat("nat-1", "available")]), ..with(subnets, tables) }
}

#[test]
fn subnets_with_a_nat_need_nothing_more() {
    let facts = mixed();
    assert_eq!(network(&facts), ["subnet-nb,subnet-na", "false", "-", "pl-1"]);
    let choices = chosen(&facts);
    assert!(why(&choices, "SubnetIds").contains("eu-west-1b (the instance's zone) with the NAT nat-1"));
    assert!(why(&choices, "SecretsManagerEndpoint").contains("saves about $14.60 a month"));
}

#[test]
fn a_nat_that_leads_nowhere_is_none() {
    for state in ["deleted", "failed", "pending"] {
        let mut facts = mixed();
        facts.nat_gateways = Ok(vec![nat("nat-1", state)]);
        assert_eq!(network(&facts)[1], "true", "{state}");
    }
    let mut facts = mixed();
    facts.nat_gateways = Ok(vec![NatGateway { connectivity: Some("private".to_owned()), ..nat("nat-1", "available") }]);
    assert_eq!(network(&facts)[1], "true");
    // The route itself says that its target is gone.
    let mut facts = mixed();
    facts.nat_gateways = Ok(Vec::new());
    if let Ok(tables) = &mut facts.route_tables {
        tables[1].routes[1].state = "blackhole".to_owned();
    }
    assert_eq!(network(&facts)[1], "true");
    // Where NAT gateways may not be seen, the route is believed, and that is said.
    let mut facts = mixed();
    facts.nat_gateways = Err(refused("ec2:DescribeNatGateways"));
    let choices = chosen(&facts);
    assert_eq!(value(&choices, "SecretsManagerEndpoint"), "false");
    assert!(why(&choices, "SubnetIds").contains("ec2:DescribeNatGateways is not allowed to you"));
}

#[test]
fn a_nat_instance_is_a_nat() {
    let facts = with(vec![subnet("subnet-a", 'a', 1)], vec![table("rtb-1", &["main"], Some("eni-1"))]);
    assert_eq!(network(&facts), ["subnet-a", "false", "-", "pl-1"]);
    assert!(why(&chosen(&facts), "SubnetIds").contains("nothing runs while this zone is away"));
}

#[test]
fn two_zones_are_worth_more_than_a_nat_in_one() {
    let subnets = vec![subnet("subnet-a", 'a', 1), subnet("subnet-b", 'b', 2), subnet("subnet-na", 'a', 3)];
    let tables = vec![table("rtb-1", &["main"], None), table("rtb-2", &["subnet-na"], Some("nat-1"))];
    assert_eq!(network(&with(subnets, tables)), ["subnet-b,subnet-a", "true", "rtb-1", "pl-1"]);
}

#[test]
fn one_subnet_a_zone_and_the_one_with_most_room() {
    let mut crowded = subnet("subnet-a1", 'a', 1);
    crowded.free = 3;
    let subnets = vec![
        crowded,
        subnet("subnet-a2", 'a', 2),
        subnet("subnet-b", 'b', 3),
        subnet("subnet-c", 'c', 4),
        subnet("subnet-a3", 'a', 5),
    ];
    let mut facts = with(subnets, vec![table("rtb-1", &["main"], None)]);
    facts.instance.availability_zone = Some("eu-west-1c".to_owned());
    assert_eq!(network(&facts)[0], "subnet-c,subnet-a2");
    facts.instance.secondary_availability_zone = Some("eu-west-1b".to_owned());
    assert_eq!(network(&facts)[0], "subnet-c,subnet-b");
    assert!(why(&chosen(&facts), "SubnetIds").contains("eu-west-1b (the standby's zone)"));
}

#[test]
fn public_subnets_are_no_use_without_an_endpoint_of_s3() {
    let subnets = || vec![subnet("subnet-a", 'a', 1), subnet("subnet-b", 'b', 2)];
    let mut facts = with(subnets(), vec![table("rtb-1", &["main"], Some("igw-1"))]);
    let choices = chosen(&facts);
    assert_eq!(ALL.map(|name| value(&choices, name)), ["?", "=", "?", "pl-1"]);
    let told = why(&choices, "SubnetIds");
    assert!(
        told.contains("subnet-a (eu-west-1a) is public (it leads to igw-1)") && told.contains("Make a private subnet"),
        "{told}"
    );
    facts.endpoints = Ok(vec![s3_endpoint("vpce-1", &["rtb-1"], "the network team's")]);
    assert_eq!(network(&facts), ["subnet-b,subnet-a", "true", "-", "pl-1"]);
    // A private one is better.
    let with_private = vec![table("rtb-1", &["main"], Some("igw-1")), table("rtb-2", &["subnet-a"], None)];
    let mut facts = with(subnets(), with_private);
    assert_eq!(network(&facts)[0], "subnet-a");
    facts.endpoints = Ok(vec![s3_endpoint("vpce-1", &["rtb-1"], "")]);
    assert_eq!(network(&facts)[0], "subnet-a");
}

#[test]
fn a_vpc_without_a_subnet_and_subnets_without_a_table_are_said() {
    assert_eq!(why(&chosen(&with(Vec::new(), Vec::new())), "SubnetIds"), "the VPC has no subnet");
    let facts = with(vec![subnet("subnet-a", 'a', 1)], vec![table("rtb-1", &["subnet-z"], None)]);
    assert!(why(&chosen(&facts), "SubnetIds").contains("has no route table that is known"));
    let many = (0..6).map(|number| subnet(&format!("subnet-{number}"), 'a', number)).collect();
    let facts = with(many, vec![table("rtb-1", &["main"], Some("igw-1"))]);
    assert!(why(&chosen(&facts), "SubnetIds").contains("2 more are no better"));
}

#[test]
fn where_lambda_is_not_no_subnet_is_taken() {
    let mut local_zone = subnet("subnet-l", 'a', 1);
    local_zone.zone = "eu-west-1-ber-1a".to_owned();
    let outpost = Subnet { outpost_arn: Some("arn:x".to_owned()), ..subnet("subnet-o", 'b', 2) };
    let newer = Subnet { ipv6_native: true, ..subnet("subnet-6", 'a', 3) };
    let facts =
        with(vec![local_zone, outpost, newer, subnet("subnet-c", 'c', 4)], vec![table("rtb-1", &["main"], None)]);
    assert_eq!(network(&facts)[0], "subnet-c");
}

#[test]
fn an_endpoint_is_made_only_where_the_service_is() {
    let mut facts = facts();
    facts.zones = Ok(vec!["eu-west-1a".to_owned()]);
    assert_eq!(network(&facts)[0], "subnet-a");
    facts.zones = Ok(vec!["eu-west-1c".to_owned()]);
    let choices = chosen(&facts);
    assert_eq!(value(&choices, "SubnetIds"), "?");
    assert!(why(&choices, "SubnetIds").contains("subnet-a (eu-west-1a) is where Secrets Manager has no endpoint"));
    // With a NAT no endpoint is needed.
    let facts = Facts { zones: Ok(Vec::new()), ..mixed() };
    assert_eq!(network(&facts)[..2], ["subnet-nb,subnet-na", "false"]);
    // Where the zones may not be seen, that is said.
    let facts = Facts { zones: Err(refused("ec2:DescribeVpcEndpointServices")), ..super::facts() };
    let choices = chosen(&facts);
    assert_eq!(value(&choices, "SubnetIds"), "subnet-b,subnet-a");
    assert!(why(&choices, "SubnetIds").contains("ec2:DescribeVpcEndpointServices is not allowed to you"));
}

#[test]
fn an_endpoint_of_secrets_manager_that_admits_the_subnets_is_used() {
    let with = |change: &dyn Fn(&mut Endpoint), range: &str| {
        let (mut endpoint, group) = secrets_endpoint(range);
        change(&mut endpoint);
        let mut facts = facts();
        facts.endpoints = Ok(vec![endpoint]);
        if let Ok(groups) = &mut facts.groups {
            groups.push(group);
        }
        facts
    };
    let facts = with(&|_| (), "10.0.0.0/16");
    assert_eq!(network(&facts), ["subnet-b,subnet-a", "false", "rtb-1", "pl-1"]);
    assert!(why(&chosen(&facts), "SecretsManagerEndpoint").contains("through the endpoint vpce-9"));
    // It admits others alone.
    let facts = with(&|_| (), "10.9.0.0/16");
    assert_eq!(network(&facts)[1], "true");
    assert!(why(&chosen(&facts), "SecretsManagerEndpoint").contains("Let it admit the output FunctionSecurityGroupId"));
    // Its groups may not be seen.
    let mut facts = with(&|_| (), "10.0.0.0/16");
    facts.groups = Err(refused("ec2:DescribeSecurityGroups"));
    assert!(why(&chosen(&facts), "SecretsManagerEndpoint").contains("security groups could not be read"));
    // Its policy allows less.
    let policy = r#"{"Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"arn:x"}]}"#;
    let facts = with(&|endpoint| endpoint.policy = Some(policy.to_owned()), "10.0.0.0/16");
    assert!(why(&chosen(&facts), "SecretsManagerEndpoint").contains("its policy does not allow everything"));
    // This stack's own has no private name, and must not make itself superfluous.
    let facts = with(&|endpoint| endpoint.private_dns = false, "10.0.0.0/16");
    assert_eq!(network(&facts)[1], "true");
    assert!(why(&chosen(&facts), "SecretsManagerEndpoint").contains("no NAT and no endpoint to it"));
    let facts = with(&|endpoint| endpoint.state = "deleting".to_owned(), "10.0.0.0/16");
    assert_eq!(network(&facts)[1], "true");
    // It admits one of the two subnets: one zone for nothing is not worth the other.
    let facts = with(&|_| (), "10.0.1.0/24");
    assert_eq!(network(&facts)[..2], ["subnet-b,subnet-a", "true"]);
}

#[test]
fn an_endpoint_that_admits_the_functions_group_is_used() {
    let (endpoint, mut group) = secrets_endpoint("10.9.0.0/16");
    let tag = |value: &str| vec![Tag { key: "Name".to_owned(), value: value.to_owned() }];
    group.admits[0].groups = vec![Group { id: "sg-f".to_owned() }];
    let with = |name: &str, port: i32| {
        let mut group = group.clone();
        group.admits[0].from = Some(port);
        let functions = SecurityGroup { id: "sg-f".to_owned(), tags: tag(name), ..SecurityGroup::default() };
        Facts { endpoints: Ok(vec![endpoint.clone()]), groups: Ok(vec![group, functions]), ..facts() }
    };
    assert_eq!(network(&with("lockstep-migrations-dev-functions", 443))[1], "false");
    assert_eq!(network(&with("lockstep-migrations-dev-functions", 444))[1], "true");
    assert_eq!(network(&with("lockstep-migrations-qa-functions", 443))[1], "true");
}

#[test]
fn a_table_takes_one_endpoint_of_s3() {
    let mut facts = facts();
    facts.endpoints = Ok(vec![s3_endpoint("vpce-1", &["rtb-1"], "the network team's")]);
    assert_eq!(network(&facts)[2], "-");
    assert!(why(&chosen(&facts), "S3RouteTableIds").contains("vpce-1 leads to S3 already"));
    // The stack's own stays: without its table the next deployment would delete it.
    facts.endpoints = Ok(vec![s3_endpoint("vpce-1", &["rtb-1"], "lockstep-migrations-dev-s3")]);
    assert_eq!(network(&facts)[2], "rtb-1");
    // Each subnet has its own table, and one of them is without.
    facts.route_tables = Ok(vec![table("rtb-1", &["subnet-a"], None), table("rtb-2", &["subnet-b"], None)]);
    facts.endpoints = Ok(vec![s3_endpoint("vpce-1", &["rtb-2"], "")]);
    assert_eq!(network(&facts)[2], "rtb-1");
    // Another service's endpoint is none of S3.
    let mut other = s3_endpoint("vpce-1", &["rtb-1", "rtb-2"], "");
    other.service = "com.amazonaws.eu-west-1.dynamodb".to_owned();
    facts.endpoints = Ok(vec![other]);
    assert_eq!(network(&facts)[2], "rtb-1,rtb-2");
}

#[test]
fn others_in_the_table_are_named() {
    let mut facts = facts();
    if let Ok(subnets) = &mut facts.subnets {
        subnets.push(subnet("subnet-c", 'c', 3));
    }
    facts.route_tables = Ok(vec![table("rtb-1", &["main"], None)]);
    let choices = chosen(&facts);
    assert!(why(&choices, "S3RouteTableIds").contains("subnet-c uses it too"), "{}", why(&choices, "S3RouteTableIds"));
}

#[test]
fn a_route_to_another_network_may_lead_to_s3() {
    let facts = with(
        vec![subnet("subnet-a", 'a', 1), subnet("subnet-b", 'b', 2)],
        vec![table("rtb-1", &["main"], Some("tgw-1"))],
    );
    assert_eq!(network(&facts), ["subnet-b,subnet-a", "true", "-", "pl-1"]);
    assert!(why(&chosen(&facts), "S3RouteTableIds").contains("tgw-1 may lead to S3"));
}

#[test]
fn what_samconfig_names_stays_while_it_works() {
    let mut facts = mixed();
    let again = |facts: &Facts, subnets: &str| {
        let choices = choose(facts, &Wishes::default(), &current(&[("SubnetIds", subnets)]), STACK).unwrap();
        ALL.map(|name| value(&choices, name).to_owned())
    };
    assert_eq!(again(&facts, "subnet-a, subnet-b"), ["subnet-a,subnet-b", "true", "rtb-1", "pl-1"]);
    assert_eq!(again(&facts, "subnet-a,subnet-nb")[..2], ["subnet-a,subnet-nb", "true"]);
    assert_eq!(again(&facts, "subnet-nb"), ["subnet-nb", "false", "-", "pl-1"]);
    // Two of one zone, one that is gone, and one where no endpoint can be made do not work.
    for wrong in ["subnet-a,subnet-na", "subnet-x,subnet-a"] {
        assert_eq!(again(&facts, wrong)[0], "subnet-nb,subnet-na", "{wrong}");
    }
    facts.zones = Ok(vec!["eu-west-1b".to_owned()]);
    assert_eq!(again(&facts, "subnet-a,subnet-b")[0], "subnet-nb,subnet-na");
}

#[test]
fn each_refused_call_says_what_is_left_to_a_person() {
    let told = |facts: &Facts, name: &str| why(&chosen(facts), name).to_owned();
    let facts = Facts { subnets: Err(refused("ec2:DescribeSubnets")), ..facts() };
    assert_eq!(network(&facts), ["?", "true", "?", "pl-1"]);
    assert!(told(&facts, "SubnetIds").contains("ec2:DescribeSubnets is not allowed to you"));
    let kept = current(&[("SubnetIds", "subnet-a"), ("SecretsManagerEndpoint", "false")]);
    assert_eq!(value(&choose(&facts, &Wishes::default(), &kept, STACK).unwrap(), "SecretsManagerEndpoint"), "=");
    let facts = Facts { route_tables: Err(refused("ec2:DescribeRouteTables")), ..super::facts() };
    assert_eq!(network(&facts), ["?", "true", "?", "pl-1"]);
    assert!(told(&facts, "S3RouteTableIds").contains("ec2:DescribeRouteTables"));
    let facts = Facts { endpoints: Err(refused("ec2:DescribeVpcEndpoints")), ..super::facts() };
    assert_eq!(network(&facts), ["subnet-b,subnet-a", "true", "?", "pl-1"]);
    assert!(told(&facts, "S3RouteTableIds").contains("It is rtb-1 if no endpoint of S3 is in there"));
    assert!(told(&facts, "SecretsManagerEndpoint").contains("ec2:DescribeVpcEndpoints"));
    let facts = Facts { prefix_lists: Err(refused("ec2:DescribeManagedPrefixLists")), ..super::facts() };
    assert_eq!(network(&facts)[3], "?");
    assert!(told(&facts, "S3PrefixListId").contains("aws ec2 describe-managed-prefix-lists"));
    let facts = Facts { prefix_lists: Ok(Vec::new()), ..super::facts() };
    assert_eq!(network(&facts)[3], "?");
}
