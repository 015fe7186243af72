//! PostgreSQL's lexical rules: where strings, comments and statements end.
//!
//! The trees come from squawk's parser. Its lexer does not know all of these rules, and a string that ends at another
//! place than on the server hides what follows it. So a script is read twice: by [`tokens()`], which follows the
//! server's scanner rule by rule, and by squawk, which gets [`readable()`] text. A script on which the two disagree is
//! not understood.

mod lines;
mod readable;
mod statements;
mod token;
mod tokens;

pub use lines::Lines;
pub use readable::readable;
pub use statements::statement_ends;
pub use token::{Kind, Token};
pub use tokens::{Tokens, tokens};
