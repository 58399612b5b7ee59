//! The graph as an image.
//!
//! Each layer is a band. In a band, a resource stands above its parts, and the rows are ordered so that the neighbors of
//! a resource are near. Lines between rows that are not neighbors lead around the boxes between them.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use geusemaker_core::{Graph, GraphEdge, GraphLayer, GraphNode, ResourceKey};

use super::{Label, is_of_stack, layers, whole};
use crate::table::cut;

const BOX: (f64, f64) = (188.0, 40.0);
const GAP: (f64, f64) = (18.0, 34.0);
const MARGIN: f64 = 16.0;
/// The room beside the widest row, for lines.
const SIDE: f64 = 26.0;
/// The room for the title of a band.
const HEADING: f64 = 30.0;
/// The most boxes in a row.
const COLUMNS: usize = 5;
/// The most characters that a box has room for.
const CHARACTERS: usize = 26;

const STYLE: &str = "
.gm-graph { --ink: #1f2328; --soft: #59636e; --line: #8c959f; --band: #f3f5f7; --box: #ffffff; --edge: #afb8c1; \
--page: #ffffff; font-family: system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif; }
@media (prefers-color-scheme: dark) { .gm-graph { --ink: #e6edf3; --soft: #9198a1; --line: #6e7681; --band: #161b22; \
--box: #0d1117; --edge: #6e7681; --page: #0d1117; } }
.gm-graph .page { fill: var(--page); }
.gm-graph .band { fill: var(--band); }
.gm-graph .layer { fill: var(--soft); font-size: 12px; font-weight: 600; }
.gm-graph .box { fill: var(--box); stroke: var(--line); }
.gm-graph .adopted .box { stroke-dasharray: 4 3; }
.gm-graph .name { fill: var(--ink); font-size: 12px; }
.gm-graph .id { fill: var(--soft); font-size: 10.5px; }
.gm-graph .edge { fill: none; stroke: var(--edge); }
.gm-graph .arrow { fill: var(--edge); }
";

/// Returns the image, in the colors that the reader prefers: light or dark.
pub(crate) fn svg(graph: &Graph) -> String {
    let layout = Layout::of(graph);
    let (width, height) = (layout.width, layout.height);
    let of = if is_of_stack(graph) {
        "resources"
    } else {
        "planned resources"
    };
    let title = format!("The {of} of {}, tier {}", graph.stack, graph.tier.number());
    let mut image = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"gm-graph\" role=\"img\" viewBox=\"0 0 {width} {height}\" \
         width=\"{width}\" height=\"{height}\">\n<title>{}</title>\n<style>{STYLE}</style>\n\
         <defs><marker id=\"gm-arrow\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" \
         orient=\"auto\"><path class=\"arrow\" d=\"M0 0L8 4L0 8z\"/></marker></defs>\n\
         <rect class=\"page\" width=\"{width}\" height=\"{height}\"/>\n",
        escaped(&title)
    );
    for (layer, top, bottom) in &layout.bands {
        let (x, y) = (MARGIN / 2.0, top);
        // Writing to a string does not fail.
        let _ = writeln!(
            image,
            "<rect class=\"band\" x=\"{x}\" y=\"{y}\" width=\"{}\" height=\"{}\" rx=\"8\"/>\
             <text class=\"layer\" x=\"{}\" y=\"{}\">{}</text>",
            width - MARGIN,
            bottom - top,
            x + 12.0,
            y + 20.0,
            escaped(&layer.to_string())
        );
    }
    for edge in &graph.edges {
        image.push_str(&layout.edge(graph, edge));
    }
    for node in &graph.nodes {
        image.push_str(&layout.node(graph, node));
    }
    image.push_str("</svg>");
    image
}

/// The places of the boxes and bands.
struct Layout<'a> {
    width: f64,
    height: f64,
    /// The layers with their upper and lower edges.
    bands: Vec<(GraphLayer, f64, f64)>,
    /// The upper left corners of the boxes.
    places: BTreeMap<&'a ResourceKey, (f64, f64)>,
}

impl<'a> Layout<'a> {
    fn of(graph: &'a Graph) -> Self {
        let rows: Vec<_> = layers(graph)
            .map(|(layer, nodes)| (layer, rows(graph, &nodes)))
            .collect();
        let widest = rows.iter().flat_map(|(_, rows)| rows.iter().map(Vec::len));
        let columns = widest.max().unwrap_or(1).max(3);
        let mut layout = Self {
            width: 2.0 * (MARGIN + SIDE) + row_width(columns),
            height: MARGIN / 2.0,
            bands: Vec::new(),
            places: BTreeMap::new(),
        };
        for (layer, rows) in rows {
            let top = layout.height;
            layout.height += HEADING;
            for row in rows {
                layout.place(graph, row);
                layout.height += BOX.1 + GAP.1;
            }
            let bottom = layout.height - GAP.1 + MARGIN / 2.0;
            layout.bands.push((layer, top, bottom));
            layout.height = bottom + MARGIN;
        }
        layout.height -= MARGIN / 2.0;
        layout
    }

    /// Places a row in the middle of the image, each box near those that need it.
    fn place(&mut self, graph: &'a Graph, mut row: Vec<&'a GraphNode>) {
        let middle = self.width / 2.0;
        row.sort_by(|a, b| {
            let (a, b) = (self.pull(graph, a), self.pull(graph, b));
            a.unwrap_or(middle).total_cmp(&b.unwrap_or(middle))
        });
        let mut x = (self.width - row_width(row.len())) / 2.0;
        for node in row {
            self.places.insert(&node.key, (x, self.height));
            x += BOX.0 + GAP.0;
        }
    }

    /// Returns the mean place of the neighbors that are placed already.
    fn pull(&self, graph: &Graph, node: &GraphNode) -> Option<f64> {
        let edges = graph.edges.iter();
        let neighbors = edges.filter_map(|edge| match (&edge.from, &edge.to) {
            (from, to) if *from == node.key => Some(to),
            (from, to) if *to == node.key => Some(from),
            _ => None,
        });
        let places: Vec<_> = neighbors
            .filter_map(|key| self.places.get(key))
            .map(|(x, _)| x + BOX.0 / 2.0)
            .collect();
        let count = u32::try_from(places.len())
            .ok()
            .filter(|count| *count > 0)?;
        Some(places.iter().sum::<f64>() / f64::from(count))
    }

    fn edge(&self, graph: &Graph, edge: &GraphEdge) -> String {
        let (Some(from), Some(to)) = (self.places.get(&edge.from), self.places.get(&edge.to))
        else {
            return String::new();
        };
        let line = self.line(*from, *to);
        let title = |key| {
            let node = graph.node(key);
            node.map_or_else(String::new, |node| escaped(&Label::of(graph, node).title))
        };
        format!(
            "<path class=\"edge\" marker-end=\"url(#gm-arrow)\" d=\"{line}\">\
             <title>{} needs {}</title></path>\n",
            title(&edge.from),
            title(&edge.to)
        )
    }

    /// Returns the line from one box to another, from the upper left corners of these.
    fn line(&self, from: (f64, f64), to: (f64, f64)) -> String {
        let (x1, x2) = (from.0 + BOX.0 / 2.0, to.0 + BOX.0 / 2.0);
        let low = |y: f64| y + BOX.1;
        if same(from.1, to.1) {
            // Beside each other: below both.
            let (y, dip) = (low(from.1), low(from.1) + GAP.1 * 0.8);
            return format!("M{x1} {y}C{x1} {dip} {x2} {dip} {x2} {y}");
        }
        let is_down = to.1 > from.1;
        let (y1, y2) = match is_down {
            true => (low(from.1), to.1),
            false => (from.1, low(to.1)),
        };
        let between = |y: f64| y > from.1.min(to.1) + 1.0 && y < from.1.max(to.1) - 1.0;
        let between: Vec<_> = self
            .places
            .values()
            .copied()
            .filter(|(_, y)| between(*y))
            .collect();
        if between.is_empty() {
            let middle = f64::midpoint(y1, y2);
            return format!("M{x1} {y1}C{x1} {middle} {x2} {middle} {x2} {y2}");
        }
        let x = channel(&between, x1, x2);
        let top = between
            .iter()
            .map(|(_, y)| *y)
            .fold(f64::INFINITY, f64::min);
        let bottom = between.iter().map(|(_, y)| low(*y)).fold(0.0, f64::max);
        let (near, far) = if is_down {
            (top, bottom)
        } else {
            (bottom, top)
        };
        let (first, second) = (f64::midpoint(y1, near), f64::midpoint(far, y2));
        format!(
            "M{x1} {y1}C{x1} {first} {x} {first} {x} {near}V{far}C{x} {second} {x2} {second} {x2} {y2}"
        )
    }

    fn node(&self, graph: &Graph, node: &GraphNode) -> String {
        let Some((x, y)) = self.places.get(&node.key) else {
            return String::new();
        };
        let Label { title, detail } = Label::of(graph, node);
        let id = node.id.as_ref().map(|id| format!(", {id}"));
        let full = format!("{title}{}", id.unwrap_or_default());
        let class = if node.adopted {
            " class=\"adopted\""
        } else {
            ""
        };
        let (name_y, detail_line) = match detail.is_empty() {
            true => (y + 24.0, String::new()),
            false => (
                y + 17.0,
                format!(
                    "<text class=\"id\" x=\"{}\" y=\"{}\">{}</text>",
                    x + 9.0,
                    y + 32.0,
                    escaped(&cut(&detail, CHARACTERS))
                ),
            ),
        };
        format!(
            "<g{class}><title>{}</title><rect class=\"box\" x=\"{x}\" y=\"{y}\" width=\"{}\" height=\"{}\" rx=\"5\"/>\
             <text class=\"name\" x=\"{}\" y=\"{name_y}\">{}</text>{detail_line}</g>\n",
            escaped(&full),
            BOX.0,
            BOX.1,
            x + 9.0,
            escaped(&cut(&title, CHARACTERS))
        )
    }
}

/// Returns the place beside boxes where a line comes past all of them with the least detour.
fn channel(boxes: &[(f64, f64)], x1: f64, x2: f64) -> f64 {
    let beside = GAP.0 / 2.0;
    let is_free = |x: &f64| {
        boxes
            .iter()
            .all(|(left, _)| *x < *left - 2.0 || *x > left + BOX.0 + 2.0)
    };
    let edges = boxes
        .iter()
        .flat_map(|(left, _)| [left - beside, left + BOX.0 + beside]);
    let free = edges.chain([x1, x2]).filter(is_free);
    let detour = |x: &f64| (x - x1).abs() + (x - x2).abs();
    // Beside the outermost box, there is always room.
    free.min_by(|a, b| detour(a).total_cmp(&detour(b)))
        .unwrap_or(x2)
}

/// Returns true for the heights of boxes in the same row.
fn same(a: f64, b: f64) -> bool {
    (a - b).abs() < 1.0
}

fn row_width(boxes: usize) -> f64 {
    // There are a few boxes in a row.
    let boxes = f64::from(u32::try_from(boxes).unwrap_or(u32::MAX));
    boxes * (BOX.0 + GAP.0) - GAP.0
}

/// Returns the rows of a layer: what is no part of another resource is in the first ones.
fn rows<'a>(graph: &Graph, nodes: &[&'a GraphNode]) -> Vec<Vec<&'a GraphNode>> {
    let depth = |node: &GraphNode| {
        let wholes = std::iter::successors(whole(graph, node), |key| {
            graph.node(key).and_then(|node| whole(graph, node))
        });
        wholes.count()
    };
    let deepest = nodes.iter().map(|node| depth(node)).max().unwrap_or(0);
    let rows = (0..=deepest).flat_map(|wanted| {
        let row = nodes.iter().copied().filter(|node| depth(node) == wanted);
        let row: Vec<_> = row.collect();
        row.chunks(COLUMNS).map(<[_]>::to_vec).collect::<Vec<_>>()
    });
    rows.collect()
}

/// Returns a text as XML has it.
pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            // XML has no control characters.
            c if c.is_control() => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use geusemaker_core::{DeploymentSpec, Graph};

    use super::{BOX, Layout, channel, escaped, svg};

    fn graph(count: u32) -> Graph {
        let spec = format!(
            "name = 'llm'\ntier = 3\ncompute = {{ instance_type = 'g5.xlarge', count = {count} }}\n\
             network = {{ create = true, private = true }}\n\
             [[service]]\nname = 'ollama'\nport = 11434\nimage = 'x'"
        );
        Graph::of_spec(&DeploymentSpec::from_toml(&spec).unwrap())
    }

    #[test]
    fn boxes_do_not_overlap() {
        for count in [1, 7] {
            let graph = graph(count);
            let layout = Layout::of(&graph);
            let places: Vec<_> = layout.places.values().collect();
            assert_eq!(places.len(), graph.nodes.len());
            for (number, (x, y)) in places.iter().enumerate() {
                assert!(*x >= 0.0 && x + BOX.0 <= layout.width, "{x}");
                assert!(*y >= 0.0 && y + BOX.1 <= layout.height, "{y}");
                for (other_x, other_y) in &places[number + 1..] {
                    let (dx, dy) = ((x - other_x).abs(), (y - other_y).abs());
                    assert!(
                        dx >= BOX.0 || dy >= BOX.1,
                        "{x} {y} and {other_x} {other_y}"
                    );
                }
            }
        }
    }

    /// A line between rows that are not neighbors comes past the boxes between them.
    #[test]
    fn line_leads_around_boxes() {
        let boxes = [(100.0, 0.0), (306.0, 0.0), (203.0, 80.0)];
        let middle = 100.0 + BOX.0 / 2.0;
        let x = channel(&boxes, middle, middle);
        for (left, _) in boxes {
            assert!(x < left || x > left + BOX.0, "{x}");
        }
        assert_eq!(x, 91.0);
        assert_eq!(channel(&boxes, 50.0, 60.0), 50.0);
    }

    #[test]
    fn image_has_each_resource_once() {
        let graph = graph(2);
        let image = svg(&graph);
        assert_eq!(
            image.matches("<rect class=\"box\"").count(),
            graph.nodes.len()
        );
        assert_eq!(
            image.matches("<path class=\"edge\"").count(),
            graph.edges.len()
        );
        assert!(!image.contains("http://www.w3.org/1999") && !image.contains("@import"));
    }

    #[test]
    fn text_is_no_markup() {
        assert_eq!(
            escaped("<a b='\"'>&\u{7}"),
            "&lt;a b=&#39;&quot;&#39;&gt;&amp; "
        );
    }
}
