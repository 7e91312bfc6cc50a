//! Holds answers of Coffer against OpenAPI 3.0 and 3.1 documents: the one that a node serves, and those of the
//! companies whose dialects Coffer speaks. For tests; no part of the product.
//!
//! [`Contract::check`] finds the operation of an answer (mount prefix and organization are taken off its path, see
//! [`Dialect`]), the response of its status, and gives every [`Difference`]: a body that the schema refuses, a header
//! that is missing, a status or an operation that the document does not have.
//!
//! What is special about answers, and about the companies' documents:
//!
//! * **`writeOnly`** is an error in an answer, however deep it stands: in a vault these are the secrets. A `writeOnly`
//!   property that the document lists as `required` is not required of an answer. `readOnly` properties are ordinary
//!   ones here, and required where the document says so.
//! * **`discriminator`** beside `oneOf` or `anyOf` decides alone: the branch that the mapping names for the value is
//!   the schema, and the others are not looked at. The companies' branches overlap, so that a strict `oneOf` would
//!   refuse good answers, and `anyOf` would let a secret through by a branch that does not know its name. A value
//!   without a mapping (Rebilly's mapping lacks names of its own enum) may fit any branch, one or several; the
//!   branches' own enums then say which.
//! * **`format`** is checked where JSON Schema knows it (`date-time`, `email`, `ipv4`, `uri`, …); `bin` and other words
//!   of a company's own are not.
//! * OpenAPI 3.0's `nullable` and true-or-false `exclusiveMinimum` are read as what they mean.
//!
//! No text of a difference holds a value of an answer.

mod answer;
mod contract;
mod dialect;
mod document;
mod known;
mod report;
mod routes;
mod schema;
mod validators;

pub use answer::{Answer, Body, RECORDED_HEADERS, Unreadable, read_folder};
pub use contract::{Contract, Difference, Found, Verdict};
pub use dialect::Dialect;
pub use document::{BadDocument, read};
pub use known::{BadKnown, Known};
pub use report::Report;
