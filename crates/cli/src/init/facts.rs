//! What RDS, EC2 and Secrets Manager say of an instance and its network.
//!
//! The types are those of AWS's answers, with the fields that a choice depends on.

use serde::{Deserialize, Deserializer};

/// An answer, or the refusal to give one.
pub(crate) type Seen<T> = Result<T, Refused>;

/// AWS did not allow a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refused {
    /// The right that is missing, as a policy names it.
    pub(crate) action: &'static str,
}

/// All that is known when the choices are made.
#[derive(Debug, Clone)]
pub(crate) struct Facts {
    /// The Region that was asked.
    pub(crate) region: String,
    /// The instance.
    pub(crate) instance: Instance,
    /// The subnets of the instance's VPC.
    pub(crate) subnets: Seen<Vec<Subnet>>,
    /// The route tables of the VPC.
    pub(crate) route_tables: Seen<Vec<RouteTable>>,
    /// The security groups of the VPC.
    pub(crate) groups: Seen<Vec<SecurityGroup>>,
    /// The Region's prefix lists with the name of S3's.
    pub(crate) prefix_lists: Seen<Vec<PrefixList>>,
    /// The VPC's endpoints.
    pub(crate) endpoints: Seen<Vec<Endpoint>>,
    /// The zones in which Secrets Manager's endpoint service exists.
    pub(crate) zones: Seen<Vec<String>>,
    /// The VPC's NAT gateways.
    pub(crate) nat_gateways: Seen<Vec<NatGateway>>,
    /// The account's secrets, without their values.
    pub(crate) secrets: Seen<Vec<Secret>>,
}

/// An RDS instance.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(crate) struct Instance {
    /// Its identifier.
    #[serde(rename = "DBInstanceIdentifier")]
    pub(crate) id: String,
    /// Its ARN.
    #[serde(rename = "DBInstanceArn")]
    pub(crate) arn: String,
    /// Its engine: `postgres`, `mysql`, `aurora-postgresql`.
    pub(crate) engine: String,
    /// The cluster that it belongs to.
    #[serde(rename = "DBClusterIdentifier", deserialize_with = "filled")]
    pub(crate) cluster: Option<String>,
    /// The instance that it is a replica of.
    #[serde(rename = "ReadReplicaSourceDBInstanceIdentifier", deserialize_with = "filled")]
    pub(crate) replica_of: Option<String>,
    /// The database that RDS made with it.
    #[serde(rename = "DBName", deserialize_with = "filled")]
    pub(crate) database: Option<String>,
    /// Where it listens. There is none while it is made.
    pub(crate) endpoint: Option<Listener>,
    /// The zone that it runs in.
    #[serde(deserialize_with = "filled")]
    pub(crate) availability_zone: Option<String>,
    /// The zone of its standby.
    #[serde(deserialize_with = "filled")]
    pub(crate) secondary_availability_zone: Option<String>,
    /// Its network.
    #[serde(rename = "DBSubnetGroup")]
    pub(crate) subnet_group: Option<SubnetGroup>,
    /// Its security groups.
    pub(crate) vpc_security_groups: Memberships,
    /// The secret that RDS manages for it.
    pub(crate) master_user_secret: Option<ManagedSecret>,
}

/// Where an instance listens.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(crate) struct Listener {
    /// The port.
    pub(crate) port: u16,
}

/// The network of an instance.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(crate) struct SubnetGroup {
    /// The VPC.
    pub(crate) vpc_id: String,
}

/// The security groups of an instance.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct Memberships {
    /// One for each group.
    #[serde(rename = "VpcSecurityGroupMembership")]
    pub(crate) all: Vec<Membership>,
}

/// One security group of an instance.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct Membership {
    /// The group.
    #[serde(rename = "VpcSecurityGroupId")]
    pub(crate) group: String,
    /// `active`, or on its way to there or away.
    #[serde(rename = "Status")]
    pub(crate) status: String,
}

/// The secret that RDS manages for an instance.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct ManagedSecret {
    /// Its ARN.
    #[serde(rename = "SecretArn")]
    pub(crate) arn: String,
}

/// A subnet.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Subnet {
    /// Its identifier.
    #[serde(rename = "subnetId")]
    pub(crate) id: String,
    /// Its zone.
    #[serde(rename = "availabilityZone")]
    pub(crate) zone: String,
    /// Its addresses.
    #[serde(rename = "cidrBlock")]
    pub(crate) cidr: String,
    /// How many of them are free.
    #[serde(rename = "availableIpAddressCount")]
    pub(crate) free: u32,
    /// The Outpost that it is on.
    #[serde(deserialize_with = "filled")]
    pub(crate) outpost_arn: Option<String>,
    /// Whether it has no IPv4 addresses.
    pub ipv6_native: bool,
}

/// A route table.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct RouteTable {
    /// Its identifier.
    #[serde(rename = "routeTableId")]
    pub(crate) id: String,
    /// Its routes.
    #[serde(rename = "routeSet", deserialize_with = "items")]
    pub(crate) routes: Vec<Route>,
    /// What uses it.
    #[serde(rename = "associationSet", deserialize_with = "items")]
    pub(crate) associations: Vec<Association>,
}

/// A route. It has one target of several kinds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Route {
    /// The IPv4 addresses that it is for.
    #[serde(rename = "destinationCidrBlock")]
    pub(crate) destination: String,
    /// `active`, or `blackhole` if the target is gone.
    pub(crate) state: String,
    /// An internet gateway, a virtual private gateway, or `local`.
    #[serde(deserialize_with = "filled")]
    pub(crate) gateway_id: Option<String>,
    /// A NAT gateway.
    #[serde(deserialize_with = "filled")]
    pub(crate) nat_gateway_id: Option<String>,
    /// A NAT instance.
    #[serde(deserialize_with = "filled")]
    pub(crate) instance_id: Option<String>,
    /// A network interface, which is a NAT instance's or an appliance's.
    #[serde(deserialize_with = "filled")]
    pub(crate) network_interface_id: Option<String>,
    /// A transit gateway.
    #[serde(deserialize_with = "filled")]
    pub(crate) transit_gateway_id: Option<String>,
    /// A peering connection.
    #[serde(deserialize_with = "filled")]
    pub(crate) vpc_peering_connection_id: Option<String>,
}

/// What uses a route table.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct Association {
    /// Whether these are all subnets that have no table of their own.
    pub(crate) main: bool,
    /// The subnet.
    #[serde(rename = "subnetId", deserialize_with = "filled")]
    pub(crate) subnet: Option<String>,
}

/// A security group.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct SecurityGroup {
    /// Its identifier.
    #[serde(rename = "groupId")]
    pub(crate) id: String,
    /// Its name.
    #[serde(rename = "groupName")]
    pub(crate) name: String,
    /// What it admits.
    #[serde(rename = "ipPermissions", deserialize_with = "items")]
    pub(crate) admits: Vec<Permission>,
    /// Its tags.
    #[serde(rename = "tagSet", deserialize_with = "items")]
    pub(crate) tags: Vec<Tag>,
}

/// What a security group admits.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct Permission {
    /// `tcp`, another protocol, or `-1` for each.
    #[serde(rename = "ipProtocol")]
    pub(crate) protocol: String,
    /// The first port.
    #[serde(rename = "fromPort")]
    pub(crate) from: Option<i32>,
    /// The last port.
    #[serde(rename = "toPort")]
    pub(crate) to: Option<i32>,
    /// From which IPv4 addresses.
    #[serde(rename = "ipRanges", deserialize_with = "items")]
    pub(crate) ranges: Vec<Range>,
    /// From which security groups.
    #[serde(rename = "groups", deserialize_with = "items")]
    pub(crate) groups: Vec<Group>,
}

/// A range of IPv4 addresses.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct Range {
    /// The range.
    #[serde(rename = "cidrIp")]
    pub(crate) cidr: String,
}

/// A prefix list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct PrefixList {
    /// Its identifier.
    #[serde(rename = "prefixListId")]
    pub(crate) id: String,
    /// Its name.
    #[serde(rename = "prefixListName")]
    pub(crate) name: String,
}

/// An endpoint in a VPC.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct Endpoint {
    /// Its identifier.
    #[serde(rename = "vpcEndpointId")]
    pub(crate) id: String,
    /// `Interface` or `Gateway`.
    #[serde(rename = "vpcEndpointType")]
    pub(crate) kind: String,
    /// The service behind it.
    #[serde(rename = "serviceName")]
    pub(crate) service: String,
    /// `available`, or on its way to there or away.
    pub(crate) state: String,
    /// Whether the service's own name leads to it.
    #[serde(rename = "privateDnsEnabled")]
    pub(crate) private_dns: bool,
    /// What may be done through it.
    #[serde(rename = "policyDocument", deserialize_with = "filled")]
    pub(crate) policy: Option<String>,
    /// The security groups of an interface endpoint.
    #[serde(rename = "groupSet", deserialize_with = "items")]
    pub(crate) groups: Vec<Group>,
    /// The route tables of a gateway endpoint.
    #[serde(rename = "routeTableIdSet", deserialize_with = "items")]
    pub(crate) route_tables: Vec<String>,
    /// Its tags.
    #[serde(rename = "tagSet", deserialize_with = "items")]
    pub(crate) tags: Vec<Tag>,
}

/// A reference to a security group.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct Group {
    /// Its identifier.
    #[serde(rename = "groupId")]
    pub(crate) id: String,
}

/// A tag.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct Tag {
    /// Its key.
    pub(crate) key: String,
    /// Its value.
    pub(crate) value: String,
}

/// A NAT gateway.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct NatGateway {
    /// Its identifier.
    #[serde(rename = "natGatewayId")]
    pub(crate) id: String,
    /// `available`, or on its way to there or away.
    pub(crate) state: String,
    /// `public`, or `private` if it leads to no internet.
    #[serde(rename = "connectivityType", deserialize_with = "filled")]
    pub(crate) connectivity: Option<String>,
}

/// A secret, without its value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Secret {
    /// Its ARN.
    pub(crate) arn: String,
    /// Its name.
    pub(crate) name: String,
    /// What people wrote about it.
    pub(crate) description: String,
    /// Its key, unless it is the account's default one.
    pub(crate) key: Option<String>,
    /// The service that manages it: `rds` for an instance's own.
    pub(crate) owner: Option<String>,
    /// Its tags.
    pub(crate) tags: Vec<Tag>,
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
