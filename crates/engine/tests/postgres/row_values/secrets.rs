//! Secrets in rows, each in a form that looks like the syntax of some type and cannot be read as it.

/// A secret: the row's text, and the parts of it that occur only in the row.
#[derive(Debug, Clone)]
pub(super) struct Secret {
    pub text: String,
    pub parts: Vec<String>,
}

/// `@` stands for an unguessable text, `#` for unguessable digits.
const FORMS: [&str; 34] = [
    "@",
    "#",
    "@&|!(@",
    "@.@",
    "@.@.@",
    "@.@.@.@",
    "\"@",
    "'@",
    "@:zz",
    "@ @",
    "@(integer",
    "@(int,@)",
    "!@(int,int)",
    "=(@,int)",
    "$.@[*",
    "$.a ? (@ ==",
    "@=>\"",
    "<@>&zz",
    "<a @",
    "{\"@\": ",
    "{@,",
    "[@,2)",
    "(@,1",
    "1999-99-@",
    "2020-01-01 @/@",
    "@[",
    "(@",
    "\\x@",
    "%@",
    "SELECT @ FROM",
    "SELECT 1 FROM @",
    "#.#.#.#.@",
    "@=r/@",
    "@%@\\",
];

/// Returns the secrets for a `seed`.
pub(super) fn all(seed: u64) -> Vec<Secret> {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut secrets: Vec<_> = FORMS.iter().map(|form| secret(form, &mut random)).collect();
    secrets.push(secret(&long(), &mut random));
    secrets
}

/// Returns a form that is longer than the longest word of a text search.
pub(super) fn long() -> String {
    "@".repeat(300)
}

/// Returns one secret, with `@` and `#` replaced.
pub(super) fn secret(form: &str, random: &mut fastrand::Rng) -> Secret {
    let mut parts = Vec::new();
    let mut text = String::new();
    for c in form.chars() {
        let part: String = match c {
            '@' => (0..9).map(|_| random.lowercase()).collect(),
            // Fits into an integer.
            '#' => format!("1{}", (0..7).map(|_| random.digit(10)).collect::<String>()),
            c => {
                text.push(c);
                continue;
            }
        };
        text.push_str(&part);
        parts.push(part);
    }
    Secret { text, parts }
}

impl Secret {
    /// Returns the piece of the secret that `said` contains: six characters are enough.
    pub(super) fn piece_in(&self, said: &str) -> Option<&str> {
        let said = said.to_lowercase();
        let mut pieces = self.parts.iter().flat_map(|part| (0..=part.len() - 6).map(move |at| &part[at..at + 6]));
        pieces.find(|piece| said.contains(piece))
    }
}
