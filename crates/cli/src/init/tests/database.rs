//! The instance, its security group, its port and its database.

use super::*;

#[test]
fn only_an_instance_that_can_be_migrated_is_taken() {
    let told = |change: &dyn Fn(&mut Instance)| {
        let mut facts = facts();
        change(&mut facts.instance);
        choose(&facts, &Wishes::default(), &Current::new(), STACK).map(|_| ()).unwrap_err().message
    };
    let mysql = told(&|one| one.engine = "mysql".to_owned());
    assert!(mysql.contains("is an instance of mysql: Lockstep migrates PostgreSQL alone"), "{mysql}");
    let aurora = told(&|one| {
        one.engine = "aurora-postgresql".to_owned();
        one.cluster = Some("app-cluster".to_owned());
    });
    assert!(aurora.contains("belongs to the cluster app-cluster. A cluster is not supported yet"), "{aurora}");
    // A Multi-AZ cluster has the engine postgres.
    assert!(told(&|one| one.cluster = Some("app-cluster".to_owned())).contains("not supported yet"));
    assert!(told(&|one| one.replica_of = Some("main-db".to_owned())).contains("name main-db"));
    assert!(told(&|one| one.endpoint = None).contains("run this again when RDS says that it is available"));
    assert!(told(&|one| one.subnet_group = None).contains("is in no VPC"));
}

#[test]
fn several_security_groups_are_asked_about() {
    let mut facts = facts();
    facts.instance.vpc_security_groups = groups(&["sg-1", "sg-2"]);
    if let Ok(groups) = &mut facts.groups {
        groups.push(SecurityGroup { id: "sg-2".to_owned(), name: "default".to_owned(), ..SecurityGroup::default() });
    }
    let choices = chosen(&facts);
    assert_eq!(value(&choices, "DatabaseSecurityGroupId"), "?");
    assert!(why(&choices, "DatabaseSecurityGroupId").contains("--security-group"));
    let question = choices.questions.iter().find(|one| one.name == "DatabaseSecurityGroupId").unwrap();
    let expected = [("sg-1", "database"), ("sg-2", "default, which also others in the VPC have")];
    assert_eq!(question.options, expected.map(|(id, about)| (id.to_owned(), about.to_owned())));
    // An answer, and what samconfig.toml has, end the question.
    let said = Wishes { security_group: Some("sg-2".to_owned()), ..Wishes::default() };
    assert_eq!(value(&choose(&facts, &said, &Current::new(), STACK).unwrap(), "DatabaseSecurityGroupId"), "sg-2");
    let kept = current(&[("DatabaseSecurityGroupId", "sg-1")]);
    assert_eq!(value(&choose(&facts, &Wishes::default(), &kept, STACK).unwrap(), "DatabaseSecurityGroupId"), "sg-1");
    // What the instance does not have is no answer.
    let said = Wishes { security_group: Some("sg-3".to_owned()), ..Wishes::default() };
    assert!(choose(&facts, &said, &Current::new(), STACK).unwrap_err().message.contains("give one of sg-1, sg-2"));
    let gone = current(&[("DatabaseSecurityGroupId", "sg-3")]);
    assert_eq!(value(&choose(&facts, &Wishes::default(), &gone, STACK).unwrap(), "DatabaseSecurityGroupId"), "?");
    // Without the right to see their names, their identifiers are still asked about.
    facts.groups = Err(refused("ec2:DescribeSecurityGroups"));
    assert_eq!(chosen(&facts).questions[0].options[0], ("sg-1".to_owned(), String::new()));
}

#[test]
fn a_group_that_is_being_removed_is_none() {
    let mut facts = facts();
    facts.instance.vpc_security_groups = groups(&["sg-0", "sg-1"]);
    facts.instance.vpc_security_groups.all[0].status = "removing".to_owned();
    assert_eq!(value(&chosen(&facts), "DatabaseSecurityGroupId"), "sg-1");
    facts.instance.vpc_security_groups = groups(&[]);
    assert_eq!(value(&chosen(&facts), "DatabaseSecurityGroupId"), "?");
}

#[test]
fn another_port_is_named() {
    let mut facts = facts();
    facts.instance.endpoint = Some(Listener { port: 6432 });
    assert_eq!(value(&chosen(&facts), "DatabasePort"), "6432");
}

#[test]
fn a_database_is_named_where_nothing_else_names_it() {
    let mut facts = facts();
    assert!(why(&chosen(&facts), "DatabaseName").contains("app, which RDS made"));
    facts.instance.database = None;
    // The managed secret has a user and a password, and no name.
    let choices = chosen(&facts);
    assert_eq!(value(&choices, "DatabaseName"), "?");
    assert!(choices.questions.iter().any(|question| question.name == "DatabaseName"));
    let said = Wishes { database: Some("shop".to_owned()), ..Wishes::default() };
    assert_eq!(value(&choose(&facts, &said, &Current::new(), STACK).unwrap(), "DatabaseName"), "shop");
    let kept = current(&[("DatabaseName", "shop")]);
    assert_eq!(value(&choose(&facts, &Wishes::default(), &kept, STACK).unwrap(), "DatabaseName"), "shop");
    // A secret of one's own may have a dbname. Its value is not read.
    facts.instance.master_user_secret = None;
    facts.secrets = Ok(vec![secret("app-db", "arn:aws:secretsmanager:eu-west-1:1:secret:app-db-AbCdEf")]);
    let choices = chosen(&facts);
    assert_eq!(value(&choices, "DatabaseName"), "-");
    assert!(why(&choices, "DatabaseName").contains("the secret's dbname has to say it"));
}
