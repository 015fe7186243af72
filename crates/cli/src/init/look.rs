//! Asks RDS, EC2 and Secrets Manager. Each call reads, and each may be refused.

use aws_sdk_secretsmanager::types::SecretListEntry;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::facts::{
    Endpoint, Facts, Instance, NatGateway, PrefixList, Refused, RouteTable, Secret, SecurityGroup, Seen, Subnet, Tag,
    items,
};
use crate::aws::endpoint::Service;
use crate::aws::{Aws, Error};
use crate::problem::Problem;

/// The way out where RDS may not be asked.
const RIGHTS: &str = "`lockstep init ENV --policy` prints the rights that it needs. Without rds:DescribeDBInstances all values have \
                      to be looked up by hand (docs/deploying.md)";

/// A page of EC2's answer.
trait Page: DeserializeOwned {
    type Item;

    /// Returns what is on the page, and how the next one is asked for.
    fn content(self) -> (Vec<Self::Item>, Option<String>);
}

macro_rules! page {
    ($name:ident, $set:literal, $item:ty) => {
        #[derive(Deserialize)]
        struct $name {
            #[serde(rename = $set, default, deserialize_with = "items")]
            set: Vec<$item>,
            #[serde(rename = "nextToken")]
            next: Option<String>,
        }

        impl Page for $name {
            type Item = $item;

            fn content(self) -> (Vec<$item>, Option<String>) {
                (self.set, self.next.filter(|token| !token.is_empty()))
            }
        }
    };
}

page!(Subnets, "subnetSet", Subnet);
page!(RouteTables, "routeTableSet", RouteTable);
page!(SecurityGroups, "securityGroupInfo", SecurityGroup);
page!(PrefixLists, "prefixListSet", PrefixList);
page!(Endpoints, "vpcEndpointSet", Endpoint);
page!(NatGateways, "natGatewaySet", NatGateway);
page!(Services, "serviceDetailSet", ServiceDetail);

/// What EC2 says of an endpoint service.
#[derive(Deserialize)]
struct ServiceDetail {
    #[serde(rename = "availabilityZoneSet", default, deserialize_with = "items")]
    zones: Vec<String>,
}

/// RDS's answer.
#[derive(Deserialize)]
struct Described {
    #[serde(rename = "DescribeDBInstancesResult")]
    result: DescribedResult,
}

#[derive(Deserialize)]
struct DescribedResult {
    #[serde(rename = "DBInstances")]
    instances: Instances,
}

#[derive(Deserialize)]
struct Instances {
    #[serde(rename = "DBInstance", default)]
    all: Vec<Instance>,
}

/// Returns an instance.
///
/// # Errors
///
/// When there is none with this identifier, or RDS does not tell.
pub(super) async fn instance(aws: &Aws, id: &str) -> Result<Instance, Problem> {
    // RDS keeps identifiers in lower case.
    let id = id.to_ascii_lowercase();
    let asked = aws.query::<Described>(Service::Rds, "DescribeDBInstances", &[("DBInstanceIdentifier", &id)]).await;
    let found = match asked {
        Ok(described) => described.result.instances.all.into_iter().next(),
        Err(error) if error.code().is_some_and(|code| code.starts_with("DBInstanceNotFound")) => None,
        Err(error) => return Err(error.explain("", aws.region(), RIGHTS)),
    };
    let account = aws
        .caller()
        .await
        .map_or_else(|_| "this account".to_owned(), |caller| format!("the account {}", caller.account));
    found.ok_or_else(|| {
        Problem::usage(format!(
            "there is no RDS instance {id} in {account} in {0}: give the identifier that RDS shows (aws rds describe-db-instances \
             --region {0}), or another --region or --profile",
            aws.region()
        ))
    })
}

/// Returns all that is known around an instance.
///
/// # Errors
///
/// When AWS does not answer. A call that is refused is a fact.
pub(super) async fn around(aws: &Aws, instance: Instance) -> Result<Facts, Error> {
    let region = aws.region().to_owned();
    let vpc = instance.subnet_group.as_ref().map_or("", |group| group.vpc_id.as_str()).to_owned();
    let in_vpc = [("Filter.1.Name", "vpc-id"), ("Filter.1.Value.1", vpc.as_str())];
    let s3 = format!("com.amazonaws.{region}.s3");
    let named = [("Filter.1.Name", "prefix-list-name"), ("Filter.1.Value.1", s3.as_str())];
    Ok(Facts {
        subnets: seen("ec2:DescribeSubnets", list::<Subnets>(aws, "DescribeSubnets", &in_vpc).await)?,
        route_tables: seen("ec2:DescribeRouteTables", list::<RouteTables>(aws, "DescribeRouteTables", &in_vpc).await)?,
        groups: seen(
            "ec2:DescribeSecurityGroups",
            list::<SecurityGroups>(aws, "DescribeSecurityGroups", &in_vpc).await,
        )?,
        prefix_lists: seen(
            "ec2:DescribeManagedPrefixLists",
            list::<PrefixLists>(aws, "DescribeManagedPrefixLists", &named).await,
        )?,
        endpoints: seen("ec2:DescribeVpcEndpoints", list::<Endpoints>(aws, "DescribeVpcEndpoints", &in_vpc).await)?,
        zones: seen("ec2:DescribeVpcEndpointServices", zones_of_secrets_manager(aws).await)?,
        nat_gateways: seen("ec2:DescribeNatGateways", list::<NatGateways>(aws, "DescribeNatGateways", &in_vpc).await)?,
        secrets: seen("secretsmanager:ListSecrets", secrets(aws).await)?,
        region,
        instance,
    })
}

/// Returns these subnets.
///
/// # Errors
///
/// Those of the call: also when one of them does not exist.
pub(crate) async fn subnets(aws: &Aws, ids: &[String]) -> Result<Vec<Subnet>, Error> {
    list::<Subnets>(aws, "DescribeSubnets", &borrowed(&numbered("SubnetId", ids))).await
}

/// Returns these route tables.
///
/// # Errors
///
/// Those of the call: also when one of them does not exist.
pub(crate) async fn route_tables(aws: &Aws, ids: &[String]) -> Result<Vec<RouteTable>, Error> {
    list::<RouteTables>(aws, "DescribeRouteTables", &borrowed(&numbered("RouteTableId", ids))).await
}

/// Returns the gateway endpoints of S3.
///
/// # Errors
///
/// Those of the call.
pub(crate) async fn endpoints_of_s3(aws: &Aws) -> Result<Vec<Endpoint>, Error> {
    let service = format!("com.amazonaws.{}.s3", aws.region());
    let of_s3 = [
        ("Filter.1.Name", "service-name"),
        ("Filter.1.Value.1", service.as_str()),
        ("Filter.2.Name", "vpc-endpoint-type"),
        ("Filter.2.Value.1", "Gateway"),
    ];
    list::<Endpoints>(aws, "DescribeVpcEndpoints", &of_s3).await
}

/// Returns the zones in which Secrets Manager's endpoint service exists.
///
/// # Errors
///
/// Those of the call.
pub(crate) async fn zones_of_secrets_manager(aws: &Aws) -> Result<Vec<String>, Error> {
    let service = format!("com.amazonaws.{}.secretsmanager", aws.region());
    match list::<Services>(aws, "DescribeVpcEndpointServices", &[("ServiceName.1", &service)]).await {
        Ok(services) => Ok(services.into_iter().flat_map(|service| service.zones).collect()),
        // The Region does not have it.
        Err(error) if error.code().is_some_and(|code| code.starts_with("InvalidServiceName")) => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

fn numbered(name: &str, values: &[String]) -> Vec<(String, String)> {
    (1..).zip(values).map(|(number, value)| (format!("{name}.{number}"), value.clone())).collect()
}

fn borrowed(parameters: &[(String, String)]) -> Vec<(&str, &str)> {
    parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

/// Returns a refusal as a fact.
fn seen<T>(action: &'static str, asked: Result<T, Error>) -> Result<Seen<T>, Error> {
    match asked {
        Ok(found) => Ok(Ok(found)),
        Err(error) if error.is_forbidden() => Ok(Err(Refused { action })),
        Err(error) => Err(error),
    }
}

/// Returns all pages of a list of EC2's.
async fn list<P: Page>(aws: &Aws, action: &str, parameters: &[(&str, &str)]) -> Result<Vec<P::Item>, Error> {
    let mut all = Vec::new();
    let mut next: Option<String> = None;
    loop {
        let token = next.as_deref().map(|token| ("NextToken", token));
        let parameters: Vec<_> = parameters.iter().copied().chain(token).collect();
        let page: P = aws.query(Service::Ec2, action, &parameters).await?;
        let (found, following) = page.content();
        all.extend(found);
        next = following;
        if next.is_none() {
            return Ok(all);
        }
    }
}

async fn secrets(aws: &Aws) -> Result<Vec<Secret>, Error> {
    let mut pages = aws.secrets().list_secrets().into_paginator().send();
    let mut all = Vec::new();
    while let Some(page) = pages.next().await {
        let found = page?.secret_list.unwrap_or_default();
        all.extend(found.into_iter().filter(|one| one.deleted_date.is_none()).map(secret));
    }
    Ok(all)
}

fn secret(found: SecretListEntry) -> Secret {
    let tags = found.tags.unwrap_or_default().into_iter();
    Secret {
        arn: found.arn.unwrap_or_default(),
        name: found.name.unwrap_or_default(),
        description: found.description.unwrap_or_default(),
        key: found.kms_key_id,
        owner: found.owning_service,
        tags: tags.map(|tag| Tag { key: tag.key.unwrap_or_default(), value: tag.value.unwrap_or_default() }).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_of_ec2_are_read() {
        let answer = r#"<DescribeRouteTablesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>1</requestId>
            <routeTableSet><item><routeTableId>rtb-1</routeTableId><vpcId>vpc-1</vpcId><routeSet>
            <item><destinationCidrBlock>10.0.0.0/16</destinationCidrBlock><gatewayId>local</gatewayId><state>active</state></item>
            <item><destinationCidrBlock>0.0.0.0/0</destinationCidrBlock><natGatewayId>nat-1</natGatewayId><state>active</state></item>
            <item><destinationPrefixListId>pl-1</destinationPrefixListId><gatewayId>vpce-1</gatewayId><state>active</state></item>
            </routeSet><associationSet><item><main>true</main></item><item><main>false</main><subnetId>subnet-1</subnetId></item>
            </associationSet><propagatingVgwSet/><tagSet/></item></routeTableSet><nextToken>more</nextToken>
            </DescribeRouteTablesResponse>"#;
        let (tables, next) = quick_xml::de::from_str::<RouteTables>(answer).unwrap().content();
        assert_eq!(next.as_deref(), Some("more"));
        assert_eq!(tables[0].routes[1].nat_gateway_id.as_deref(), Some("nat-1"));
        assert_eq!(tables[0].routes[2].destination, "");
        assert!(tables[0].associations[0].main);
        assert_eq!(tables[0].associations[1].subnet.as_deref(), Some("subnet-1"));
        let answer = "<R><vpcEndpointSet><item><vpcEndpointId>vpce-1</vpcEndpointId><routeTableIdSet><item>rtb-1</item><item>rtb-2</item>
            </routeTableIdSet><groupSet/><privateDnsEnabled>true</privateDnsEnabled><tagSet><item><key>Name</key><value>x</value></item>
            </tagSet></item></vpcEndpointSet></R>";
        let (endpoints, next) = quick_xml::de::from_str::<Endpoints>(answer).unwrap().content();
        assert_eq!((endpoints[0].route_tables.len(), endpoints[0].tags[0].value.as_str(), next), (2, "x", None));
        assert!(endpoints[0].private_dns && endpoints[0].groups.is_empty());
        let answer =
            "<R><serviceDetailSet><item><availabilityZoneSet><item>eu-west-1a</item></availabilityZoneSet></item>
            </serviceDetailSet><nextToken/></R>";
        let (services, next) = quick_xml::de::from_str::<Services>(answer).unwrap().content();
        assert_eq!((services[0].zones.as_slice(), next), (&["eu-west-1a".to_owned()][..], None));
        let answer = "<R><securityGroupInfo><item><groupId>sg-1</groupId><groupName>db</groupName><ipPermissions><item>
            <ipProtocol>tcp</ipProtocol><fromPort>443</fromPort><toPort>443</toPort><groups><item><userId>1</userId>
            <groupId>sg-2</groupId></item></groups><ipRanges><item><cidrIp>10.0.0.0/8</cidrIp></item></ipRanges>
            <ipv6Ranges/><prefixListIds/></item></ipPermissions><ipPermissionsEgress/></item></securityGroupInfo></R>";
        let (groups, _) = quick_xml::de::from_str::<SecurityGroups>(answer).unwrap().content();
        let permission = &groups[0].admits[0];
        assert_eq!((permission.from, permission.groups[0].id.as_str()), (Some(443), "sg-2"));
        assert_eq!(permission.ranges[0].cidr, "10.0.0.0/8");
        assert!(quick_xml::de::from_str::<Subnets>("<R><subnetSet/></R>").unwrap().content().0.is_empty());
        let answer = "<R><subnetSet><item><subnetId>subnet-1</subnetId><availabilityZone>eu-west-1a</availabilityZone>
            <availableIpAddressCount>251</availableIpAddressCount><ipv6Native>false</ipv6Native><outpostArn></outpostArn></item>
            </subnetSet></R>";
        let (subnets, _) = quick_xml::de::from_str::<Subnets>(answer).unwrap().content();
        assert_eq!((subnets[0].free, subnets[0].outpost_arn.as_deref()), (251, None));
    }

    #[test]
    fn an_answer_of_rds_is_read() {
        let answer = "<DescribeDBInstancesResponse><DescribeDBInstancesResult><DBInstances><DBInstance>
            <DBInstanceIdentifier>app-db</DBInstanceIdentifier><Engine>postgres</Engine><DBName>app</DBName>
            <Endpoint><Address>app-db.x.rds.amazonaws.com</Address><Port>5433</Port></Endpoint>
            <VpcSecurityGroups><VpcSecurityGroupMembership><VpcSecurityGroupId>sg-1</VpcSecurityGroupId><Status>active</Status>
            </VpcSecurityGroupMembership><VpcSecurityGroupMembership><VpcSecurityGroupId>sg-2</VpcSecurityGroupId></VpcSecurityGroupMembership>
            </VpcSecurityGroups><DBSubnetGroup><VpcId>vpc-1</VpcId></DBSubnetGroup><AvailabilityZone>eu-west-1a</AvailabilityZone>
            <MasterUserSecret><SecretArn>arn:x</SecretArn><SecretStatus>active</SecretStatus></MasterUserSecret>
            <ReadReplicaSourceDBInstanceIdentifier/></DBInstance></DBInstances></DescribeDBInstancesResult>
            </DescribeDBInstancesResponse>";
        let described: Described = quick_xml::de::from_str(answer).unwrap();
        let instance = &described.result.instances.all[0];
        assert_eq!((instance.id.as_str(), instance.database.as_deref()), ("app-db", Some("app")));
        assert_eq!(instance.endpoint.as_ref().map(|endpoint| endpoint.port), Some(5433));
        assert_eq!(instance.vpc_security_groups.all.len(), 2);
        assert_eq!(instance.subnet_group.as_ref().map(|group| group.vpc_id.as_str()), Some("vpc-1"));
        assert_eq!(instance.master_user_secret.as_ref().map(|secret| secret.arn.as_str()), Some("arn:x"));
        assert_eq!((instance.replica_of.as_deref(), instance.cluster.as_deref()), (None, None));
        let none: Described =
            quick_xml::de::from_str("<R><DescribeDBInstancesResult><DBInstances/></DescribeDBInstancesResult></R>")
                .unwrap();
        assert!(none.result.instances.all.is_empty());
    }
}
