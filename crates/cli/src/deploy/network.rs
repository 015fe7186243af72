//! Checks before a deployment that the endpoints can be made: CloudFormation would find out late, and undo all.

use std::collections::BTreeMap;

use crate::aws::{Aws, Error};
use crate::init::facts::{Endpoint, RouteTable, Subnet};
use crate::init::look;
use crate::problem::Problem;

type Parameters = BTreeMap<String, String>;

/// Checks the subnets. Returns why they could not be checked, if they could not.
///
/// # Errors
///
/// When no endpoint can be made in them, or EC2 does not answer.
pub(crate) async fn check_subnets(aws: &Aws, parameters: &Parameters) -> Result<Option<String>, Problem> {
    let wanted = listed(parameters, "SubnetIds");
    if parameters.get("SecretsManagerEndpoint").is_some_and(|wanted| wanted != "true") || wanted.is_empty() {
        return Ok(None);
    }
    let asked = async || Ok((look::subnets(aws, &wanted).await?, look::zones_of_secrets_manager(aws).await?));
    match asked().await {
        Ok((subnets, zones)) => fit(&subnets, &zones).map(|()| None),
        Err(error) => {
            unseen(&error, "SubnetIds", "subnet", "an endpoint can be made in the subnets", aws.region()).map(Some)
        }
    }
}

/// Checks the route tables. Returns why they could not be checked, if they could not.
///
/// # Errors
///
/// When one of them has an endpoint of S3 already, or EC2 does not answer.
pub(crate) async fn check_route_tables(
    aws: &Aws,
    parameters: &Parameters,
    stack: &str,
) -> Result<Option<String>, Problem> {
    let wanted = listed(parameters, "S3RouteTableIds");
    if wanted.is_empty() {
        return Ok(None);
    }
    let asked = async || Ok((look::route_tables(aws, &wanted).await?, look::endpoints_of_s3(aws).await?));
    match asked().await {
        Ok((tables, endpoints)) => free(&tables, &endpoints, stack).map(|()| None),
        Err(error) => {
            let looked_for = "the route tables have an endpoint of S3 already";
            unseen(&error, "S3RouteTableIds", "route table", looked_for, aws.region()).map(Some)
        }
    }
}

fn listed(parameters: &Parameters, name: &str) -> Vec<String> {
    let all = parameters.get(name).map_or("", String::as_str).split(',').map(str::trim);
    all.filter(|one| !one.is_empty()).map(str::to_owned).collect()
}

/// Checks that an endpoint of Secrets Manager takes these subnets.
fn fit(subnets: &[Subnet], zones: &[String]) -> Result<(), Problem> {
    let mut of_zone: BTreeMap<&str, &str> = BTreeMap::new();
    let mut wrong = None;
    for Subnet { id, zone, .. } in subnets {
        if let Some(other) = of_zone.insert(zone, id) {
            wrong = Some(format!("{other} and {id} are both in {zone}, and an endpoint takes one subnet of a zone"));
            break;
        }
    }
    let without = || subnets.iter().find(|subnet| !zones.contains(&subnet.zone));
    let wrong = wrong.or_else(|| {
        without().map(|one| format!("{} is in {}, where Secrets Manager has no endpoint", one.id, one.zone))
    });
    wrong.map_or(Ok(()), |wrong| {
        Err(Problem::usage(format!(
            "SubnetIds: {wrong}. Give subnets of other zones, or set SecretsManagerEndpoint=false where the subnets reach Secrets \
             Manager already"
        )))
    })
}

/// Checks that no table has an endpoint of S3 that is not the stack's.
fn free(tables: &[RouteTable], endpoints: &[Endpoint], stack: &str) -> Result<(), Problem> {
    let own = format!("{stack}-s3");
    let is_own = |one: &Endpoint| one.tags.iter().any(|tag| tag.key == "Name" && tag.value == own);
    for table in tables {
        let leads = table.routes.iter().filter_map(|route| route.gateway_id.as_deref());
        let other = leads.filter_map(|to| endpoints.iter().find(|one| one.id == to)).find(|one| !is_own(one));
        if let Some(other) = other {
            return Err(Problem::usage(format!(
                "S3RouteTableIds: {} leads to S3 already, through {}, and takes no second endpoint. Leave S3RouteTableIds out, and \
                 keep S3PrefixListId",
                table.id, other.id
            )));
        }
    }
    Ok(())
}

/// Returns why `looked_for` is not known, if the caller lacks a permission.
///
/// # Errors
///
/// Names what does not exist. Any other failure stays one.
fn unseen(error: &Error, parameter: &str, kind: &str, looked_for: &str, region: &str) -> Result<String, Problem> {
    let Error::Refused { code, message, .. } = error else { return Err(error.explain("", region, super::RIGHTS)) };
    if error.is_forbidden() {
        return Ok(format!("It was not checked whether {looked_for}: {message}"));
    }
    if code.starts_with("InvalidSubnetID") || code.starts_with("InvalidRouteTableID") {
        return Err(Problem::usage(format!("{parameter}: {message}; take {kind}s of VpcId, in {region}")));
    }
    Err(error.explain("", region, super::RIGHTS))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::Exit;
    use crate::init::facts::{Route, Tag};

    const ZONES: [&str; 2] = ["us-east-1a", "us-east-1b"];

    fn subnets(zones: &[&str]) -> Vec<Subnet> {
        let one = |(number, zone): (usize, &&str)| Subnet {
            id: format!("subnet-{number}"),
            zone: (*zone).to_owned(),
            ..Subnet::default()
        };
        zones.iter().enumerate().map(one).collect()
    }

    fn told(zones: &[&str]) -> Option<String> {
        fit(&subnets(zones), &ZONES.map(str::to_owned)).err().map(|problem| problem.message)
    }

    #[test]
    fn subnets_of_different_zones_pass() {
        assert_eq!(told(&ZONES), None);
    }

    #[test]
    fn two_subnets_of_one_zone_are_named() {
        let told = told(&["us-east-1a", "us-east-1b", "us-east-1a"]).unwrap();
        assert!(
            told.contains("subnet-0 and subnet-2 are both in us-east-1a")
                && told.contains("SecretsManagerEndpoint=false"),
            "{told}"
        );
    }

    #[test]
    fn a_zone_without_the_service_is_named() {
        let told = told(&["us-east-1a", "us-east-1e"]).unwrap();
        assert!(told.contains("subnet-1 is in us-east-1e, where Secrets Manager has no endpoint"), "{told}");
    }

    fn endpoint(id: &str, name: &str) -> Endpoint {
        let tag = Tag { key: "Name".to_owned(), value: name.to_owned() };
        Endpoint { id: id.to_owned(), tags: vec![tag], ..Endpoint::default() }
    }

    #[test]
    fn anothers_endpoint_is_named_with_its_table() {
        let route = |to: &str| Route { gateway_id: Some(to.to_owned()), ..Route::default() };
        let table = |id: &str, to: &[&str]| RouteTable {
            id: id.to_owned(),
            routes: to.iter().map(|to| route(to)).collect(),
            ..RouteTable::default()
        };
        let endpoints = [endpoint("vpce-1", "the-network-teams"), endpoint("vpce-2", "shop-migrations-dev-s3")];
        let check = |tables: &[RouteTable]| free(tables, &endpoints, "shop-migrations-dev");
        check(&[table("rtb-1", &["local"]), table("rtb-2", &["local", "vpce-2"])]).unwrap();
        let told = check(&[table("rtb-1", &["local"]), table("rtb-2", &["local", "vpce-1"])]).unwrap_err().message;
        assert!(
            told.contains("rtb-2 leads to S3 already, through vpce-1") && told.contains("Leave S3RouteTableIds out"),
            "{told}"
        );
        // The other stack's own is not this one's.
        assert!(free(&[table("rtb-2", &["vpce-2"])], &endpoints, "shop-migrations-qa").is_err());
    }

    #[test]
    fn a_refusal_is_told_from_what_is_not_there() {
        let refused = |code: &str| {
            let error = Error::Refused { code: code.to_owned(), message: "the message".to_owned(), status: 400 };
            unseen(&error, "SubnetIds", "subnet", "it fits", "us-east-1")
        };
        assert_eq!(refused("UnauthorizedOperation").unwrap(), "It was not checked whether it fits: the message");
        let absent = refused("InvalidSubnetID.NotFound").unwrap_err();
        assert_eq!(
            (absent.exit, absent.message.as_str()),
            (Exit::Usage, "SubnetIds: the message; take subnets of VpcId, in us-east-1")
        );
        assert_eq!(refused("RequestLimitExceeded").unwrap_err().exit, Exit::Failed);
    }

    #[test]
    fn names_are_listed_with_and_without_spaces() {
        let parameters = Parameters::from([("A".to_owned(), "a, b,,c ".to_owned())]);
        assert_eq!(listed(&parameters, "A"), ["a", "b", "c"]);
        assert!(listed(&parameters, "B").is_empty());
    }
}
