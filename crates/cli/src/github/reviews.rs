//! The reviews of a workflow run at its gate, from GitHub's API.
//!
//! `GITHUB_ACTOR` is the user who triggered the run. The reviewer who let a job into its GitHub environment is only in the
//! run's review history. That is one list for all environments and all attempts, without times. So `start` notes the
//! reviews that exist before the gate, and only later ones count: an approval of an earlier attempt does not approve this
//! one's plan.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::run::Run;
use crate::aws::{Error, get};
use crate::problem::Problem;

const ATTEMPTS: u32 = 4;

/// The pause before the second attempt; each later one is longer by as much.
pub(super) const PAUSE: Duration = Duration::from_secs(2);

/// One person's review of one or several environments of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Review {
    pub(super) user: String,
    state: String,
    pub(super) comment: String,
    environments: Vec<String>,
}

impl Review {
    /// Returns the review's digest, the same each time that the review is listed.
    fn digest(&self) -> String {
        let written = serde_json::to_vec(self).unwrap_or_default();
        let digest: [u8; 32] = Sha256::digest(written).into();
        format!("{:032x}", u128::from_be_bytes(std::array::from_fn(|at| digest[at])))
    }
}

/// A review, as GitHub lists it.
#[derive(Deserialize)]
struct Listed {
    user: Named,
    state: String,
    comment: Option<String>,
    environments: Vec<Named>,
}

#[derive(Deserialize)]
struct Named {
    #[serde(alias = "login")]
    name: String,
}

/// Returns the run's review history.
///
/// # Errors
///
/// When GitHub's API gives no usable answer. The message says what to do, and never contains the token.
pub(super) async fn reviews(run: &Run, pause: Duration) -> Result<Vec<Review>, Problem> {
    let path = format!("/repos/{}/actions/runs/{}/approvals", run.repository, run.id);
    let (url, bearer) = (format!("{}{path}", run.api_url), format!("Bearer {}", run.token));
    let headers = [
        ("accept", "application/vnd.github+json"),
        ("authorization", bearer.as_str()),
        ("x-github-api-version", "2022-11-28"),
    ];
    let mut problem = String::new();
    for attempt in 1..=ATTEMPTS {
        match get(&url, &headers).await {
            Ok((200, body)) => match serde_json::from_str::<serde_json::Value>(&body) {
                Ok(answer) => return read(answer),
                Err(_) => problem = format!("GitHub's answer to GET {path} is not JSON"),
            },
            Ok((status, _)) => {
                problem = format!("GitHub answered {status} to GET {path}");
                if status < 500 && status != 429 {
                    let way_out = way_out(status).map(|way_out| format!(": {way_out}")).unwrap_or_default();
                    return Err(Problem::failed(format!("{problem}{way_out}")));
                }
            }
            Err(Error::NoAnswer(why)) => problem = format!("GitHub's API at {} cannot be reached: {why}", run.api_url),
            Err(error) => return Err(error.explain("", "", "")),
        }
        if attempt < ATTEMPTS {
            tokio::time::sleep(pause * attempt).await;
        }
    }
    Err(Problem::failed(format!("{problem} ({ATTEMPTS} attempts); run the job again when GitHub works again")))
}

const fn way_out(status: u16) -> Option<&'static str> {
    match status {
        401 => Some("the job's token is no longer valid"),
        403 => Some("give the job the permission `actions: read`"),
        404 => Some("give the job the permission `actions: read`, and check whether the run was deleted"),
        _ => None,
    }
}

fn read(answer: serde_json::Value) -> Result<Vec<Review>, Problem> {
    let listed: Vec<Listed> = serde_json::from_value(answer).map_err(|error| {
        Problem::failed(format!("GitHub's review history does not have the documented form ({error})"))
    })?;
    let review = |listed: Listed| Review {
        user: listed.user.name,
        state: listed.state,
        comment: listed.comment.unwrap_or_default(),
        environments: listed.environments.into_iter().map(|environment| environment.name).collect(),
    };
    Ok(listed.into_iter().map(review).collect())
}

/// Returns the reviews in the form in which one job hands them to a later one.
pub(super) fn noted(found: &[Review]) -> String {
    found.iter().map(Review::digest).collect::<Vec<_>>().join(",")
}

/// Returns the reviews without those noted earlier. Each noted review removes one.
pub(super) fn since(found: Vec<Review>, earlier: &str) -> Vec<Review> {
    let mut left: Vec<_> = earlier.split(',').collect();
    let mut is_new = |review: &Review| {
        let digest = review.digest();
        match left.iter().position(|noted| *noted == digest) {
            Some(at) => {
                left.swap_remove(at);
                false
            }
            None => true,
        }
    };
    found.into_iter().filter(|review| is_new(review)).collect()
}

/// Returns the last review of an environment with that state: `approved` or `rejected`. GitHub's names ignore case.
pub(super) fn newest(found: Vec<Review>, environment: &str, state: &str) -> Option<Review> {
    let is_of = |name: &String| name.to_lowercase() == environment.to_lowercase();
    found.into_iter().rfind(|review| review.state == state && review.environments.iter().any(is_of))
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::super::run::tests::{TOKEN, run};
    use super::*;

    fn review(user: &str, state: &str, environments: &[&str]) -> Review {
        let environments = environments.iter().map(|name| (*name).to_owned()).collect();
        Review { user: user.to_owned(), state: state.to_owned(), comment: String::new(), environments }
    }

    /// Returns a review with a comment.
    pub(in crate::github) fn commented(comment: &str) -> Review {
        Review { comment: comment.to_owned(), ..review("ann", "approved", &["prod"]) }
    }

    #[test]
    fn only_what_came_after_the_gate_was_reached_counts() {
        let (ann, bob, cy) = (
            review("ann", "approved", &["prod"]),
            review("bob", "rejected", &["prod"]),
            review("cy", "approved", &["prod"]),
        );
        let earlier = vec![ann.clone(), bob.clone()];
        let before = noted(&earlier);
        assert!(since(earlier.clone(), &before).is_empty());
        // GitHub may list the new review at any position.
        for found in [vec![ann.clone(), bob.clone(), cy.clone()], vec![cy.clone(), ann.clone(), bob.clone()]] {
            assert_eq!(since(found, &before), std::slice::from_ref(&cy));
        }
        // A second, equal review of the same person counts as a review of its own.
        assert_eq!(since(vec![ann.clone(), bob, ann.clone()], &before), [ann]);
        assert_eq!(since(earlier.clone(), ""), earlier);
    }

    #[test]
    fn the_newest_that_fits_is_taken() {
        let found = || {
            vec![
                review("ann", "approved", &["prod"]),
                review("bob", "approved", &["qa"]),
                review("cy", "approved", &["dev", "Prod"]),
                review("dan", "rejected", &["prod"]),
            ]
        };
        let user = |environment, state| newest(found(), environment, state).map(|review| review.user);
        assert_eq!(user("prod", "approved").as_deref(), Some("cy"));
        assert_eq!(user("prod", "rejected").as_deref(), Some("dan"));
        assert_eq!((user("dev", "rejected"), user("none", "approved")), (None, None));
    }

    /// Answers one request after the other on loopback, and repeats the last answer. Returns what it was asked.
    async fn asked(answers: Vec<(u16, String)>) -> (Result<Vec<Review>, Problem>, Vec<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let directory = tempfile::tempdir().unwrap();
        let run = run(directory.path(), &url);
        let mut heard = Vec::new();
        let serve = async {
            let mut answers = answers.into_iter().peekable();
            let mut last = (500, String::new());
            loop {
                let (mut socket, _) = listener.accept().await.unwrap();
                let mut request = vec![0; 4_096];
                let length = socket.read(&mut request).await.unwrap();
                heard.push(String::from_utf8_lossy(&request[..length]).into_owned());
                last = answers.next().unwrap_or(last);
                let (status, body) = &last;
                let answer = format!(
                    "HTTP/1.1 {status} X\r\nlocation: {url}/elsewhere\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                    body.len()
                );
                socket.write_all(answer.as_bytes()).await.unwrap();
            }
        };
        let result = tokio::select! {
            result = reviews(&run, Duration::ZERO) => result,
            () = serve => unreachable!(),
        };
        (result, heard)
    }

    fn history() -> String {
        json!([{ "state": "approved", "comment": "read it", "user": { "login": "ann", "id": 1 },
            "environments": [{ "id": 2, "name": "prod", "created_at": "2026-01-01T00:00:00Z" }] }])
        .to_string()
    }

    #[tokio::test]
    async fn the_review_history_is_read() {
        let (found, heard) = asked(vec![(200, history())]).await;
        assert_eq!(found.unwrap(), [Review { comment: "read it".into(), ..review("ann", "approved", &["prod"]) }]);
        assert!(heard[0].starts_with("GET /repos/owner/shop/actions/runs/7/approvals HTTP/1.1\r\n"), "{heard:?}");
        assert!(heard[0].contains(&format!("authorization: Bearer {TOKEN}")), "{heard:?}");
    }

    #[tokio::test]
    async fn a_temporary_fault_of_github_is_waited_out() {
        for bad in [(500, "oops"), (502, ""), (429, "slow down"), (200, "<html>")] {
            let bad = (bad.0, bad.1.to_owned());
            let (found, heard) = asked(vec![bad.clone(), bad, (200, "[]".to_owned())]).await;
            assert_eq!((found.unwrap().len(), heard.len()), (0, 3));
        }
    }

    #[tokio::test]
    async fn what_github_refuses_is_said() {
        for (status, body, times, said) in [
            (
                403,
                "{}",
                1,
                "answered 403 to GET /repos/owner/shop/actions/runs/7/approvals: give the job the permission `actions: read`",
            ),
            (404, "{}", 1, "check whether the run was deleted"),
            (401, "{}", 1, "token is no longer valid"),
            (422, "", 1, "answered 422 to GET"),
            (302, "", 1, "answered 302"),
            (503, "", 4, "(4 attempts); run the job again"),
            (200, "<html>", 4, "is not JSON (4 attempts)"),
            (200, "{}", 1, "does not have the documented form"),
        ] {
            let (found, heard) = asked(vec![(status, body.to_owned())]).await;
            let problem = found.unwrap_err();
            assert!(problem.message.contains(said) && heard.len() == times, "{problem:?}, {}", heard.len());
            assert!(!problem.message.contains(TOKEN));
        }
    }

    #[tokio::test]
    async fn a_github_that_cannot_be_reached_is_named() {
        let url = format!("http://{}", TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap());
        let problem = reviews(&run(std::path::Path::new("."), &url), Duration::ZERO).await.unwrap_err();
        assert!(problem.message.starts_with(&format!("GitHub's API at {url} cannot be reached: ")), "{problem:?}");
    }
}
