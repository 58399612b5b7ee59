//! The cost of a plan, a stack or resources, in words.

use geusemaker_core::{CostItem, Estimate, Plan};

/// The length from which a line goes on in the next one.
const WIDTH: usize = 50;

/// Returns the section about the cost of a plan.
pub(super) fn section(plan: &Plan) -> Vec<String> {
    let cost = plan.cost();
    let mut lines = vec![format!("  cost         {cost}"), blank(&source(&cost))];
    lines.extend(cost.items().iter().map(|item| blank(&item_line(item))));
    if let Some(highest) = plan.highest_cost() {
        lines.push(blank(&format!(
            "with the dearest of these instances: {highest}"
        )));
    }
    lines.extend(left_out(&cost).iter().map(|line| blank(line)));
    lines
}

/// Returns the line about the cost before a question.
pub(super) fn before_question(cost: &Estimate) -> String {
    format!("Cost: {cost} ({}; without traffic and use).", day(cost))
}

/// Returns the line about the cost of resources that exist, if any is billed by the hour.
pub(super) fn line(cost: &Estimate) -> Vec<String> {
    if cost.items().is_empty() {
        return Vec::new();
    }
    let left_out: Vec<_> = cost.left_out().iter().map(|it| it.name()).collect();
    let without = match left_out.as_slice() {
        [] => String::new(),
        names => format!("; without {}", names.join(", ")),
    };
    vec![format!("cost: {cost} ({}{without})", day(cost))]
}

/// Returns the price of an hour for a table: `$1.065/h`.
pub(super) fn cell(cost: &Estimate) -> String {
    match cost.per_hour() {
        Some(hour) => {
            let start = if cost.is_at_most() { "up to " } else { "" };
            format!("{start}${}/h", hour.rounded(3))
        }
        None => "price unknown".to_owned(),
    }
}

fn blank(text: &str) -> String {
    format!("               {text}")
}

fn source(cost: &Estimate) -> String {
    format!("({}, a month of 730 hours)", day(cost))
}

fn day(cost: &Estimate) -> String {
    format!("{} list prices of {}", cost.list_region(), cost.as_of())
}

fn item_line(item: &CostItem) -> String {
    match item.per_hour() {
        Some(hour) => {
            let start = if item.at_most { "at most " } else { "" };
            format!("{item}: {start}${}/h", hour.rounded(4))
        }
        None => format!("{item}: no price known"),
    }
}

/// Returns what is not included, in lines of about the width of the others.
fn left_out(cost: &Estimate) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for left_out in cost.left_out() {
        match lines.last_mut() {
            None => lines.push(format!("not included: {left_out}")),
            Some(line) if line.len() < WIDTH => line.push_str(&format!(", {left_out}")),
            Some(line) => {
                line.push(',');
                lines.push(format!("  {left_out}"));
            }
        }
    }
    lines
}
