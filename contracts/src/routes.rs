//! Finds the path template of a document that fits a path.

/// The path templates of a document.
pub(crate) struct Routes {
    templates: Vec<Template>,
}

struct Template {
    text: String,
    segments: Vec<Segment>,
}

#[derive(PartialEq)]
enum Segment {
    Literal(String),
    Parameter,
}

impl Routes {
    pub(crate) fn new<'a>(templates: impl Iterator<Item = &'a str>) -> Self {
        let template = |text: &str| Template { text: text.to_owned(), segments: segments(text) };
        Self { templates: templates.map(template).collect() }
    }

    /// The template that fits. Where several do, the one that is literal first, as OpenAPI asks for.
    pub(crate) fn find(&self, path: &str) -> Option<&str> {
        let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        let fitting = self.templates.iter().filter(|template| template.fits(&parts));
        let best = fitting.min_by_key(|template| template.parameters());
        best.map(|template| template.text.as_str())
    }
}

impl Template {
    fn fits(&self, parts: &[&str]) -> bool {
        let fits = |(segment, part): (&Segment, &&str)| match segment {
            Segment::Literal(text) => text == part,
            Segment::Parameter => !part.is_empty(),
        };
        self.segments.len() == parts.len() && self.segments.iter().zip(parts).all(fits)
    }

    /// Where the parameters stand: a template whose first parameter comes later is the more literal one.
    fn parameters(&self) -> Vec<bool> {
        self.segments.iter().map(|segment| *segment == Segment::Parameter).collect()
    }
}

fn segments(template: &str) -> Vec<Segment> {
    let is_parameter = |part: &str| part.starts_with('{') && part.ends_with('}');
    let segment = |part: &str| {
        if is_parameter(part) { Segment::Parameter } else { Segment::Literal(part.to_owned()) }
    };
    template.trim_start_matches('/').split('/').map(segment).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEMPLATES: [&str; 5] =
        ["/{kind}/mine", "/tokens/{token}", "/tokens", "/tokens/{token}/x", "/tokens/mine"];

    fn find(path: &str) -> Option<String> {
        Routes::new(TEMPLATES.into_iter()).find(path).map(str::to_owned)
    }

    #[test]
    fn a_template_fits_segment_by_segment() {
        assert_eq!(find("/tokens").as_deref(), Some("/tokens"));
        assert_eq!(find("/tokens/4f6cf35x-2c4y").as_deref(), Some("/tokens/{token}"));
        assert_eq!(find("/tokens/a/x").as_deref(), Some("/tokens/{token}/x"));
        for path in ["/token", "/tokens/a/y", "/tokens/", "/tokens/a/x/z", "/", ""] {
            assert_eq!(find(path), None, "{path}");
        }
    }

    #[test]
    fn the_more_literal_template_wins() {
        assert_eq!(find("/tokens/mine").as_deref(), Some("/tokens/mine"));
        assert_eq!(find("/cards/mine").as_deref(), Some("/{kind}/mine"));
    }
}
