//! The services that are called without a crate of the SDK's, and where they are.

/// A service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Service {
    /// IAM Access Analyzer.
    AccessAnalyzer,
    /// `CloudFormation`.
    CloudFormation,
    /// EC2.
    Ec2,
    /// IAM.
    Iam,
    /// Lambda.
    Lambda,
    /// CloudWatch Logs.
    Logs,
    /// RDS.
    Rds,
    /// SNS.
    Sns,
}

impl Service {
    /// Returns the name in the signature, which is also the first part of the host's name.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::AccessAnalyzer => "access-analyzer",
            Self::CloudFormation => "cloudformation",
            Self::Ec2 => "ec2",
            Self::Iam => "iam",
            Self::Lambda => "lambda",
            Self::Logs => "logs",
            Self::Rds => "rds",
            Self::Sns => "sns",
        }
    }

    /// Returns the service's id, from which the names of its settings are made: `AWS_ENDPOINT_URL_CLOUDWATCH_LOGS`.
    pub(crate) const fn id(self) -> &'static str {
        match self {
            Self::AccessAnalyzer => "AccessAnalyzer",
            Self::CloudFormation => "CloudFormation",
            Self::Ec2 => "EC2",
            Self::Iam => "IAM",
            Self::Lambda => "Lambda",
            Self::Logs => "CloudWatch Logs",
            Self::Rds => "RDS",
            Self::Sns => "SNS",
        }
    }

    /// Returns the version of the interface, for the services that are asked by a query.
    pub(super) const fn version(self) -> &'static str {
        match self {
            Self::CloudFormation => "2010-05-15",
            Self::Ec2 => "2016-11-15",
            Self::Iam => "2010-05-08",
            Self::Rds => "2014-10-31",
            Self::Sns => "2010-03-31",
            Self::AccessAnalyzer | Self::Lambda | Self::Logs => "",
        }
    }
}

/// An AWS partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Partition {
    /// Its name in an ARN.
    pub(crate) name: &'static str,
    /// The end of its hosts' names.
    suffix: &'static str,
    /// The Region of IAM's only endpoint.
    home: &'static str,
    /// That endpoint.
    iam: &'static str,
}

/// Returns the partition of a Region.
pub(crate) fn partition(region: &str) -> Partition {
    if region.starts_with("cn-") {
        Partition {
            name: "aws-cn",
            suffix: "amazonaws.com.cn",
            home: "cn-north-1",
            iam: "https://iam.cn-north-1.amazonaws.com.cn",
        }
    } else if region.starts_with("us-gov-") {
        Partition {
            name: "aws-us-gov",
            suffix: "amazonaws.com",
            home: "us-gov-west-1",
            iam: "https://iam.us-gov.amazonaws.com",
        }
    } else {
        Partition { name: "aws", suffix: "amazonaws.com", home: "us-east-1", iam: "https://iam.amazonaws.com" }
    }
}

/// Returns the host of S3 in a Region.
pub(super) fn s3_host(region: &str) -> String {
    format!("s3.{region}.{}", partition(region).suffix)
}

/// Where a request goes, and the Region that its signature names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Endpoint {
    pub(super) url: String,
    pub(super) region: String,
}

/// Returns a service's endpoint in a Region. `named` is the one that the settings name.
pub(super) fn endpoint(service: Service, region: &str, named: Option<String>) -> Endpoint {
    let partition = partition(region);
    let is_global = service == Service::Iam;
    let url = named.unwrap_or_else(|| {
        if is_global {
            partition.iam.to_owned()
        } else {
            format!("https://{}.{region}.{}", service.name(), partition.suffix)
        }
    });
    let region = if is_global { partition.home } else { region };
    Endpoint { url: url.trim_end_matches('/').to_owned(), region: region.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_partition_has_hosts_of_its_own() {
        let url = |service, region| endpoint(service, region, None).url;
        assert_eq!(url(Service::Logs, "eu-west-1"), "https://logs.eu-west-1.amazonaws.com");
        assert_eq!(url(Service::Lambda, "cn-north-1"), "https://lambda.cn-north-1.amazonaws.com.cn");
        assert_eq!(url(Service::Rds, "us-gov-east-1"), "https://rds.us-gov-east-1.amazonaws.com");
        assert_eq!(partition("cn-northwest-1").name, "aws-cn");
    }

    #[test]
    fn iam_has_one_endpoint_and_a_region_for_its_signatures() {
        for (region, url, signed) in [
            ("eu-west-1", "https://iam.amazonaws.com", "us-east-1"),
            ("cn-northwest-1", "https://iam.cn-north-1.amazonaws.com.cn", "cn-north-1"),
            ("us-gov-east-1", "https://iam.us-gov.amazonaws.com", "us-gov-west-1"),
        ] {
            assert_eq!(endpoint(Service::Iam, region, None), Endpoint { url: url.into(), region: signed.into() });
        }
    }

    #[test]
    fn the_settings_name_another_endpoint() {
        let named = endpoint(Service::Ec2, "eu-west-1", Some("http://127.0.0.1:4566/".into()));
        assert_eq!(named, Endpoint { url: "http://127.0.0.1:4566".into(), region: "eu-west-1".into() });
    }
}
