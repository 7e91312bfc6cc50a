//! An OpenAPI 3.1 document, made of what the code itself says: the schemas of requests come from the readers
//! (`form::describe`), those of answers from the structs that are written.

use std::collections::{BTreeMap, BTreeSet};

use hyper::Method;
use schemars::{JsonSchema, SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value, json};

/// Where the named schemas of a document stand.
const SCHEMAS: &str = "/components/schemas";

/// A document that grows by operations.
pub(crate) struct Document {
    info: Value,
    servers: Vec<Value>,
    security: BTreeMap<&'static str, Value>,
    requests: Map<String, Value>,
    answers: SchemaGenerator,
    paths: BTreeMap<&'static str, Map<String, Value>>,
    problems: Vec<String>,
}

/// A part of a server's URL that the caller chooses.
pub(crate) struct ServerVariable {
    pub(crate) name: &'static str,
    pub(crate) default: String,
    pub(crate) description: &'static str,
}

/// How a caller shows who it is.
pub(crate) enum Security {
    /// A key in this header.
    Header(&'static str),
    /// `Authorization: Bearer`, with the name of the token's format.
    Bearer(&'static str),
    /// `Authorization: Basic`: user and password (RFC 7617).
    Basic,
}

/// One method of one path.
pub(crate) struct Operation {
    /// Unique in the document.
    pub(crate) id: &'static str,
    pub(crate) method: Method,
    /// As the table of routes writes it: `/tokens/{token}`.
    pub(crate) path: &'static str,
    pub(crate) summary: &'static str,
    /// What a caller should know beyond the schemas.
    pub(crate) description: &'static str,
    /// Names of security schemes, any one of which is enough. None: for everybody.
    pub(crate) security: Vec<&'static str>,
    /// The media types of the request and of every answer, one of which is enough.
    pub(crate) media: &'static [&'static str],
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) request: Option<Value>,
    pub(crate) answers: Vec<Answer>,
}

/// A parameter outside the body.
pub(crate) struct Parameter {
    name: &'static str,
    place: &'static str,
    description: &'static str,
    required: bool,
    schema: Value,
    /// Whether a list is written as one text with commas.
    commas: bool,
}

impl Parameter {
    /// A part of the path: a text of this pattern (ECMA-262) and at most so many characters.
    pub(crate) fn path(name: &'static str, description: &'static str, pattern: &str, max: usize) -> Self {
        let schema = json!({ "type": "string", "pattern": pattern, "minLength": 1, "maxLength": max });
        Self { name, place: "path", description, required: true, schema, commas: false }
    }

    /// A header that must be there.
    pub(crate) fn header(name: &'static str, description: &'static str, schema: Value) -> Self {
        Self { name, place: "header", description, required: true, schema, commas: false }
    }

    /// An optional parameter of the query.
    pub(crate) fn query(name: &'static str, description: &'static str, schema: Value) -> Self {
        Self { name, place: "query", description, required: false, schema, commas: false }
    }

    /// An optional list of the query, its elements in one text with commas between them.
    pub(crate) fn query_list(name: &'static str, description: &'static str, schema: Value) -> Self {
        Self { name, place: "query", description, required: false, schema, commas: true }
    }
}

/// One status that an operation answers with.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) description: &'static str,
    pub(crate) schema: Option<Value>,
    /// Its media types, where they are not those of the operation.
    pub(crate) media: Option<&'static [&'static str]>,
    /// Media types with a schema of their own.
    pub(crate) others: Vec<(&'static str, Value)>,
    pub(crate) headers: Vec<Header>,
}

/// A header of an answer.
pub(crate) struct Header {
    pub(crate) name: &'static str,
    pub(crate) description: &'static str,
    pub(crate) schema: Value,
}

impl Document {
    pub(crate) fn new(title: &str, version: &str, description: &str) -> Self {
        let settings = SchemaSettings::draft2020_12().for_serialize().with(|settings| {
            settings.definitions_path = SCHEMAS.into();
            settings.meta_schema = None;
        });
        Self {
            info: json!({ "title": title, "version": version, "description": description }),
            servers: Vec::new(),
            security: BTreeMap::new(),
            requests: Map::new(),
            answers: settings.into_generator(),
            paths: BTreeMap::new(),
            problems: Vec::new(),
        }
    }

    /// A place where the paths are served.
    pub(crate) fn server(&mut self, url: &str, description: &str, variables: &[ServerVariable]) {
        let mut server = json!({ "url": url, "description": description });
        if !variables.is_empty() {
            let variable = |one: &ServerVariable| {
                (one.name.to_owned(), json!({ "default": one.default, "description": one.description }))
            };
            server["variables"] = Value::Object(variables.iter().map(variable).collect());
        }
        self.servers.push(server);
    }

    /// A way to show who one is, under a name that operations use.
    pub(crate) fn security(&mut self, name: &'static str, scheme: &Security, description: &str) {
        let scheme = match scheme {
            Security::Header(header) => {
                json!({ "type": "apiKey", "in": "header", "name": header, "description": description })
            }
            Security::Basic => json!({ "type": "http", "scheme": "basic", "description": description }),
            Security::Bearer(format) => {
                json!({ "type": "http", "scheme": "bearer", "bearerFormat": format, "description": description })
            }
        };
        self.security.insert(name, scheme);
    }

    /// Keeps a schema under a name; gives the reference to it.
    pub(crate) fn component(&mut self, name: &str, schema: Value) -> Value {
        match self.requests.insert(name.to_owned(), schema) {
            Some(before) if Some(&before) != self.requests.get(name) => {
                self.problems.push(format!("two schemas have the name {name}"));
            }
            _ => {}
        }
        json!({ "$ref": format!("#{SCHEMAS}/{name}") })
    }

    /// The schema of an answer as it is serialized. It is kept, with all that it consists of, under the names of the
    /// types; `#[schemars(rename = "...")]` gives a type the name that the world shall see.
    ///
    /// A member with `skip_serializing_if` is optional. If it is an `Option`, it is left out instead of null, and
    /// the schema says so.
    pub(crate) fn answer_schema<T: JsonSchema>(&mut self) -> Value {
        let mut schema = self.answers.subschema_for::<T>().to_value();
        absent_not_null(&mut schema);
        schema
    }

    /// The same as `answer_schema`, but only these members are always there. It is kept under a name of its own.
    pub(crate) fn part_schema<T: JsonSchema>(&mut self, name: &str, always: &[&str]) -> Value {
        let _ = self.answers.subschema_for::<T>();
        let mut schema = self.answers.definitions().get(&*T::schema_name()).cloned().unwrap_or_default();
        absent_not_null(&mut schema);
        schema["required"] = json!(always);
        self.component(name, schema)
    }

    pub(crate) fn operation(&mut self, operation: Operation) {
        self.check(&operation);
        let Operation {
            id,
            method,
            path,
            summary,
            description,
            security,
            media,
            parameters,
            request,
            answers,
        } = operation;
        let mut written = Map::from_iter([
            ("operationId".to_owned(), json!(id)),
            ("summary".to_owned(), json!(summary)),
            ("description".to_owned(), json!(description)),
            ("security".to_owned(), security.into_iter().map(|name| json!({ name: [] })).collect()),
            (
                "responses".to_owned(),
                Value::Object(answers.into_iter().map(|answer| answer.into_entry(media)).collect()),
            ),
        ]);
        if !parameters.is_empty() {
            let parameters = parameters.into_iter().map(Parameter::into_value).collect();
            written.insert("parameters".to_owned(), parameters);
        }
        if let Some(schema) = request {
            let content: Map<_, _> =
                media.iter().map(|one| ((*one).to_owned(), json!({ "schema": schema }))).collect();
            let body = json!({ "required": true, "content": content });
            written.insert("requestBody".to_owned(), body);
        }
        let method = method.as_str().to_ascii_lowercase();
        if self.paths.entry(path).or_default().insert(method, Value::Object(written)).is_some() {
            self.problems.push(format!("{id}: the path has this method already"));
        }
    }

    /// What is inconsistent in the document. It is made of constants: a test asks once, nobody else.
    #[cfg_attr(not(test), expect(dead_code, reason = "a test asks"))]
    pub(crate) fn problems(&self) -> Vec<String> {
        let twice = self.requests.keys().filter(|name| self.answers.definitions().contains_key(*name));
        let twice = twice.map(|name| format!("a request and an answer have the name {name}"));
        self.problems.iter().cloned().chain(twice).collect()
    }

    pub(crate) fn into_value(mut self) -> Value {
        let mut schemas = self.requests;
        for (name, mut schema) in self.answers.take_definitions(true) {
            absent_not_null(&mut schema);
            schemas.insert(name, schema);
        }
        json!({
            "openapi": "3.1.0",
            "info": self.info,
            "servers": self.servers,
            "paths": self.paths,
            "components": { "schemas": schemas, "securitySchemes": self.security },
        })
    }

    fn check(&mut self, operation: &Operation) {
        let id = operation.id;
        let others = self.paths.values().flat_map(Map::values);
        if others.map(|other| &other["operationId"]).any(|other| other == id) {
            self.problems.push(format!("{id}: the name is taken"));
        }
        for name in operation.security.iter().filter(|name| !self.security.contains_key(*name)) {
            self.problems.push(format!("{id}: there is no security scheme {name}"));
        }
        let parts = operation.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
        let in_path = operation.parameters.iter().filter(|parameter| parameter.place == "path");
        let (parts, in_path): (BTreeSet<_>, BTreeSet<_>) =
            (parts.collect(), in_path.map(|parameter| parameter.name).collect());
        for name in parts.symmetric_difference(&in_path) {
            self.problems.push(format!("{id}: {name} is in the path or in the parameters only"));
        }
    }
}

impl Parameter {
    fn into_value(self) -> Value {
        let Self { name, place, description, required, schema, commas } = self;
        let mut written = json!({ "name": name, "in": place, "description": description, "required": required,
            "schema": schema });
        if commas {
            written["style"] = json!("form");
            written["explode"] = json!(false);
        }
        written
    }
}

impl Answer {
    fn into_entry(self, media: &[&str]) -> (String, Value) {
        let media = self.media.unwrap_or(media);
        let mut written = json!({ "description": self.description });
        if let Some(schema) = self.schema {
            let of = |one: &str| {
                let own = self.others.iter().find(|(name, _)| *name == one);
                own.map_or_else(|| schema.clone(), |(_, own)| own.clone())
            };
            let content: Map<_, _> =
                media.iter().map(|one| ((*one).to_owned(), json!({ "schema": of(one) }))).collect();
            written["content"] = Value::Object(content);
        }
        if !self.headers.is_empty() {
            let header = |header: Header| {
                let Header { name, description, schema } = header;
                (name.to_owned(), json!({ "description": description, "schema": schema }))
            };
            written["headers"] = Value::Object(self.headers.into_iter().map(header).collect());
        }
        (self.status.to_string(), written)
    }
}

/// Takes null out of what an optional member of an object may be, in every object of the schema.
fn absent_not_null(schema: &mut Value) {
    match schema {
        Value::Array(schemas) => schemas.iter_mut().for_each(absent_not_null),
        Value::Object(map) => {
            map.values_mut().for_each(absent_not_null);
            let required = map.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
            let Some(Value::Object(properties)) = map.get_mut("properties") else { return };
            for (name, property) in properties {
                if !required.iter().any(|needed| needed == name) {
                    never_null(property);
                }
            }
        }
        _ => {}
    }
}

fn never_null(schema: &mut Value) {
    let Value::Object(map) = schema else { return };
    if let Some(Value::Array(kinds)) = map.get_mut("type") {
        kinds.retain(|kind| kind != "null");
        if let [only] = kinds.as_slice() {
            let only = only.clone();
            map.insert("type".to_owned(), only);
        }
    }
    if let Some(Value::Array(values)) = map.get_mut("enum") {
        values.retain(|value| !value.is_null());
    }
    if let Some(Value::Array(forms)) = map.get_mut("anyOf") {
        forms.retain(|form| form != &json!({ "type": "null" }));
        if let [Value::Object(only)] = forms.as_slice() {
            let only = only.clone();
            map.remove("anyOf");
            map.extend(only);
        }
    }
}

#[cfg(test)]
mod tests;
