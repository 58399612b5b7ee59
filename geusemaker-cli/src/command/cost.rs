//! The cost of a plan, a stack or resources, in words.

use geusemaker_core::{CostItem, Estimate, Plan};

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
    lines.push(blank(&left_out(&cost)));
    lines
}

/// Returns the line about the cost before a question.
pub(super) fn before_question(cost: &Estimate) -> String {
    format!("Cost: {cost} ({}, without use and traffic).", day(cost))
}

/// Returns the lines about the cost of resources that exist, if any is billed by the hour.
pub(super) fn line(cost: &Estimate) -> Vec<String> {
    if cost.items().is_empty() {
        return Vec::new();
    }
    let mut line = format!("cost: {cost} ({})", day(cost));
    if !cost.left_out().is_empty() {
        line.push_str("; ");
        line.push_str(&left_out(cost));
    }
    vec![line]
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

fn left_out(cost: &Estimate) -> String {
    let left_out: Vec<_> = cost.left_out().iter().map(ToString::to_string).collect();
    format!("not included: {}", left_out.join(", "))
}
