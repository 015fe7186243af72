//! The file itself, and the questions at a terminal.

use std::os::unix::fs::{PermissionsExt as _, symlink};

use super::super::File;
use super::super::choice::Question;
use super::Wishes;

#[test]
fn a_file_is_replaced_with_its_mode_and_through_its_link() {
    let root = tempfile::tempdir().unwrap();
    let (real, link) = (root.path().join("settings.toml"), root.path().join("samconfig.toml"));
    std::fs::write(&real, "old").unwrap();
    std::fs::set_permissions(&real, std::fs::Permissions::from_mode(0o600)).unwrap();
    symlink("settings.toml", &link).unwrap();
    let file = File::find(root.path()).unwrap();
    assert_eq!((file.text.as_str(), file.root.as_path()), ("old", root.path()));
    file.write("new").unwrap();
    assert_eq!(std::fs::read_to_string(&real).unwrap(), "new");
    assert!(link.is_symlink());
    assert_eq!(real.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(std::fs::read_dir(root.path()).unwrap().count(), 2, "nothing else is left");
}

#[test]
fn a_missing_file_belongs_beside_the_template() {
    let root = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(root.path().join("docs/more")).unwrap();
    assert!(File::find(root.path()).is_err());
    std::fs::write(root.path().join("template.yaml"), "").unwrap();
    let file = File::find(&root.path().join("docs/more")).unwrap();
    assert_eq!((file.path, file.text.as_str()), (root.path().join("samconfig.toml"), ""));
}

#[test]
fn a_missing_file_belongs_beside_the_migrations_of_a_project_without_a_checkout() {
    for place in ["migrations", "prisma/migrations"] {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(root.path().join(place)).unwrap();
        assert_eq!(File::find(root.path()).unwrap().path, root.path().join("samconfig.toml"));
    }
}

#[test]
fn an_answer_is_a_number_or_an_option() {
    let options = ["sg-1", "sg-2"].map(|id| (id.to_owned(), String::new())).to_vec();
    let question = Question { name: "DatabaseSecurityGroupId", text: String::new(), options };
    assert_eq!(question.answer("2").as_deref(), Some("sg-2"));
    assert_eq!(question.answer("sg-1").as_deref(), Some("sg-1"));
    for wrong in ["0", "3", "-1", "sg-3", "x"] {
        assert_eq!(question.answer(wrong), None, "{wrong}");
    }
    let free = Question { options: Vec::new(), ..question };
    assert_eq!(free.answer("anything").as_deref(), Some("anything"));
    let mut wishes = Wishes::default();
    for name in ["DatabaseSecurityGroupId", "DatabaseSecretArn", "DatabaseName", "NotificationAddress"] {
        wishes.take(name, name.to_owned());
    }
    let taken = [wishes.security_group, wishes.secret, wishes.database, wishes.mail].map(Option::unwrap);
    assert_eq!(taken, ["DatabaseSecurityGroupId", "DatabaseSecretArn", "DatabaseName", "NotificationAddress"]);
}
