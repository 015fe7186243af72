//! What RDS, EC2 and Secrets Manager say of an instance and its network.
//!
//! The types are those of AWS's answers, with the fields that a choice depends on.

use serde::{Deserialize, Deserializer};

/// An answer, or the refusal to give one.
pub type Seen<T> = Result<T, Refused>;

/// AWS did not allow a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The right that is missing, as a policy names it.
    pub action: &'static str,
}

/// All that is known when the choices are made.
#[derive(Debug, Clone)]
pub struct Facts {
    /// The Region that was asked.
    pub region: String,
    /// The instance.
    pub instance: Instance,
    /// The subnets of the instance's VPC.
    pub subnets: Seen<Vec<Subnet>>,
    /// The route tables of the VPC.
    pub route_tables: Seen<Vec<RouteTable>>,
    /// The security groups of the VPC.
    pub groups: Seen<Vec<SecurityGroup>>,
    /// The Region's prefix lists with the name of S3's.
    pub prefix_lists: Seen<Vec<PrefixList>>,
    /// The VPC's endpoints.
    pub endpoints: Seen<Vec<Endpoint>>,
    /// The zones in which Secrets Manager's endpoint service exists.
    pub zones: Seen<Vec<String>>,
    /// The VPC's NAT gateways.
    pub nat_gateways: Seen<Vec<NatGateway>>,
    /// The account's secrets, without their values.
    pub secrets: Seen<Vec<Secret>>,
}

/// An RDS instance.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct Instance {
    /// Its identifier.
    #[serde(rename = "DBInstanceIdentifier")]
    pub id: String,
    /// Its ARN.
    #[serde(rename = "DBInstanceArn")]
    pub arn: String,
    /// Its engine: `postgres`, `mysql`, `aurora-postgresql`.
    pub engine: String,
    /// The cluster that it belongs to.
    #[serde(rename = "DBClusterIdentifier", deserialize_with = "filled")]
    pub cluster: Option<String>,
    /// The instance that it is a replica of.
    #[serde(rename = "ReadReplicaSourceDBInstanceIdentifier", deserialize_with = "filled")]
    pub replica_of: Option<String>,
    /// The database that RDS made with it.
    #[serde(rename = "DBName", deserialize_with = "filled")]
    pub database: Option<String>,
    /// Where it listens. There is none while it is made.
    pub endpoint: Option<Listener>,
    /// The zone that it runs in.
    #[serde(deserialize_with = "filled")]
    pub availability_zone: Option<String>,
    /// The zone of its standby.
    #[serde(deserialize_with = "filled")]
    pub secondary_availability_zone: Option<String>,
    /// Its network.
    #[serde(rename = "DBSubnetGroup")]
    pub subnet_group: Option<SubnetGroup>,
    /// Its security groups.
    pub vpc_security_groups: Memberships,
    /// The secret that RDS manages for it.
    pub master_user_secret: Option<ManagedSecret>,
}

/// Where an instance listens.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct Listener {
    /// The port.
    pub port: u16,
}

/// The network of an instance.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct SubnetGroup {
    /// The VPC.
    pub vpc_id: String,
}

/// The security groups of an instance.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Memberships {
    /// One for each group.
    #[serde(rename = "VpcSecurityGroupMembership")]
    pub all: Vec<Membership>,
}

/// One security group of an instance.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Membership {
    /// The group.
    #[serde(rename = "VpcSecurityGroupId")]
    pub group: String,
    /// `active`, or on its way to there or away.
    #[serde(rename = "Status")]
    pub status: String,
}

/// The secret that RDS manages for an instance.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ManagedSecret {
    /// Its ARN.
    #[serde(rename = "SecretArn")]
    pub arn: String,
}

/// A subnet.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Subnet {
    /// Its identifier.
    #[serde(rename = "subnetId")]
    pub id: String,
    /// Its zone.
    #[serde(rename = "availabilityZone")]
    pub zone: String,
    /// Its addresses.
    #[serde(rename = "cidrBlock")]
    pub cidr: String,
    /// How many of them are free.
    #[serde(rename = "availableIpAddressCount")]
    pub free: u32,
    /// The Outpost that it is on.
    #[serde(deserialize_with = "filled")]
    pub outpost_arn: Option<String>,
    /// Whether it has no IPv4 addresses.
    pub ipv6_native: bool,
}

/// A route table.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct RouteTable {
    /// Its identifier.
    #[serde(rename = "routeTableId")]
    pub id: String,
    /// Its routes.
    #[serde(rename = "routeSet", deserialize_with = "items")]
    pub routes: Vec<Route>,
    /// What uses it.
    #[serde(rename = "associationSet", deserialize_with = "items")]
    pub associations: Vec<Association>,
}

/// A route. It has one target of several kinds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Route {
    /// The IPv4 addresses that it is for.
    #[serde(rename = "destinationCidrBlock")]
    pub destination: String,
    /// `active`, or `blackhole` if the target is gone.
    pub state: String,
    /// An internet gateway, a virtual private gateway, or `local`.
    #[serde(deserialize_with = "filled")]
    pub gateway_id: Option<String>,
    /// A NAT gateway.
    #[serde(deserialize_with = "filled")]
    pub nat_gateway_id: Option<String>,
    /// A NAT instance.
    #[serde(deserialize_with = "filled")]
    pub instance_id: Option<String>,
    /// A network interface, which is a NAT instance's or an appliance's.
    #[serde(deserialize_with = "filled")]
    pub network_interface_id: Option<String>,
    /// A transit gateway.
    #[serde(deserialize_with = "filled")]
    pub transit_gateway_id: Option<String>,
    /// A peering connection.
    #[serde(deserialize_with = "filled")]
    pub vpc_peering_connection_id: Option<String>,
}

/// What uses a route table.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Association {
    /// Whether these are all subnets that have no table of their own.
    pub main: bool,
    /// The subnet.
    #[serde(rename = "subnetId", deserialize_with = "filled")]
    pub subnet: Option<String>,
}

/// A security group.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct SecurityGroup {
    /// Its identifier.
    #[serde(rename = "groupId")]
    pub id: String,
    /// Its name.
    #[serde(rename = "groupName")]
    pub name: String,
    /// What it admits.
    #[serde(rename = "ipPermissions", deserialize_with = "items")]
    pub admits: Vec<Permission>,
    /// Its tags.
    #[serde(rename = "tagSet", deserialize_with = "items")]
    pub tags: Vec<Tag>,
}

/// What a security group admits.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Permission {
    /// `tcp`, another protocol, or `-1` for each.
    #[serde(rename = "ipProtocol")]
    pub protocol: String,
    /// The first port.
    #[serde(rename = "fromPort")]
    pub from: Option<i32>,
    /// The last port.
    #[serde(rename = "toPort")]
    pub to: Option<i32>,
    /// From which IPv4 addresses.
    #[serde(rename = "ipRanges", deserialize_with = "items")]
    pub ranges: Vec<Range>,
    /// From which security groups.
    #[serde(rename = "groups", deserialize_with = "items")]
    pub groups: Vec<Group>,
}

/// A range of IPv4 addresses.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Range {
    /// The range.
    #[serde(rename = "cidrIp")]
    pub cidr: String,
}

/// A prefix list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct PrefixList {
    /// Its identifier.
    #[serde(rename = "prefixListId")]
    pub id: String,
    /// Its name.
    #[serde(rename = "prefixListName")]
    pub name: String,
}

/// An endpoint in a VPC.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Endpoint {
    /// Its identifier.
    #[serde(rename = "vpcEndpointId")]
    pub id: String,
    /// `Interface` or `Gateway`.
    #[serde(rename = "vpcEndpointType")]
    pub kind: String,
    /// The service behind it.
    #[serde(rename = "serviceName")]
    pub service: String,
    /// `available`, or on its way to there or away.
    pub state: String,
    /// Whether the service's own name leads to it.
    #[serde(rename = "privateDnsEnabled")]
    pub private_dns: bool,
    /// What may be done through it.
    #[serde(rename = "policyDocument", deserialize_with = "filled")]
    pub policy: Option<String>,
    /// The security groups of an interface endpoint.
    #[serde(rename = "groupSet", deserialize_with = "items")]
    pub groups: Vec<Group>,
    /// The route tables of a gateway endpoint.
    #[serde(rename = "routeTableIdSet", deserialize_with = "items")]
    pub route_tables: Vec<String>,
    /// Its tags.
    #[serde(rename = "tagSet", deserialize_with = "items")]
    pub tags: Vec<Tag>,
}

/// A reference to a security group.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Group {
    /// Its identifier.
    #[serde(rename = "groupId")]
    pub id: String,
}

/// A tag.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Tag {
    /// Its key.
    pub key: String,
    /// Its value.
    pub value: String,
}

/// A NAT gateway.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct NatGateway {
    /// Its identifier.
    #[serde(rename = "natGatewayId")]
    pub id: String,
    /// `available`, or on its way to there or away.
    pub state: String,
    /// `public`, or `private` if it leads to no internet.
    #[serde(rename = "connectivityType", deserialize_with = "filled")]
    pub connectivity: Option<String>,
}

/// A secret, without its value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Secret {
    /// Its ARN.
    pub arn: String,
    /// Its name.
    pub name: String,
    /// What people wrote about it.
    pub description: String,
    /// Its key, unless it is the account's default one.
    pub key: Option<String>,
    /// The service that manages it: `rds` for an instance's own.
    pub owner: Option<String>,
    /// Its tags.
    pub tags: Vec<Tag>,
}

/// Reads EC2's form of a list: a set of items.
pub(super) fn items<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    #[derive(Deserialize)]
    #[serde(bound = "T: Deserialize<'de>")]
    struct Set<T> {
        #[serde(default = "Vec::new")]
        item: Vec<T>,
    }
    Ok(Set::deserialize(deserializer)?.item)
}

/// Reads a text. An empty one is none.
fn filled<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.filter(|text| !text.is_empty()))
}
