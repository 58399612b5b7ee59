//! `cargo xtask report`: opens the pictures of `gm` in Chromium: the page of `gm report`, and the image of `gm graph`.
//!
//! A stack of tier 3 is deployed in the sandbox. The page has to show each of its resources, in a narrow window and in a
//! wide one, without a complaint on the console and without asking the network for anything.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use crate::chromium::Chromium;
use crate::process;
use crate::workspace::Workspace;

const SPEC: &str = "examples/tier3-gpu.toml";
const STACK: &str = "llm-tier3";

/// The widths of a telephone and of a screen.
const WIDTHS: [u32; 2] = [400, 1200];

pub(crate) fn run() -> Result<()> {
    let workspace = Workspace::read()?;
    workspace.build_programs()?;
    let directory = workspace.target_directory.join("report");
    if directory.exists() {
        fs::remove_dir_all(&directory)?;
    }
    fs::create_dir_all(&directory)?;
    let stack = Stack {
        gm: workspace.gm(),
        root: workspace.root.clone(),
        home: directory.join("home"),
    };
    fs::create_dir(&stack.home)?;
    stack.gm(&["deploy", SPEC, "--quiet"])?;
    let status: Value = serde_json::from_str(&stack.gm(&["status", STACK, "-o", "json"])?)?;
    let resources = status["resources"]
        .as_array()
        .context("no resources")?
        .len();
    let page = directory.join("report.html");
    fs::write(&page, stack.gm(&["report", STACK, "--html", "-"])?)?;
    let image = directory.join("graph.svg");
    fs::write(&image, stack.gm(&["graph", STACK, "--format", "svg"])?)?;

    let chromium = Chromium::new(&directory)?;
    let empty = directory.join("empty.html");
    fs::write(&empty, "<!DOCTYPE html><title>empty</title>")?;
    let blank = chromium.screenshot(&empty, 1200)?;

    let shown = chromium.open(&page)?;
    shown.ensure_quiet()?;
    let rows = shown.dom.matches("<tr class=\"resource").count();
    ensure!(rows == resources, "{rows} rows for {resources} resources");
    let headline = format!("<h1>{STACK}</h1>");
    ensure!(shown.dom.contains(&headline), "no {headline:?} on the page");
    println!("ok      report: {rows} resources, no complaint and no request");
    for width in WIDTHS {
        let needed = chromium.width_in_frame(&page, width)?;
        ensure!(needed <= width, "the page needs {needed} pixels of {width}");
        let size = chromium.screenshot(&page, width)?;
        ensure!(
            size > 3 * blank,
            "the page is blank in {width} pixels: {size} bytes"
        );
        println!("ok      report: fits {width} pixels");
    }

    let shown = chromium.open(&image)?;
    shown.ensure_quiet()?;
    let boxes = shown.dom.matches("<rect class=\"box\"").count();
    ensure!(
        boxes == resources,
        "{boxes} boxes for {resources} resources"
    );
    let size = chromium.screenshot(&image, 1200)?;
    ensure!(size > 3 * blank, "the image is blank: {size} bytes");
    println!("ok      graph: {boxes} resources, no complaint and no request");
    println!("screenshots are in {}", directory.display());
    Ok(())
}

/// A stack in a sandbox of its own.
struct Stack {
    gm: PathBuf,
    root: PathBuf,
    home: PathBuf,
}

impl Stack {
    /// Runs `gm`, and returns its standard output.
    fn gm(&self, arguments: &[&str]) -> Result<String> {
        let home: &Path = &self.home;
        process::output(
            Command::new(&self.gm)
                .current_dir(&self.root)
                .env("HOME", home)
                .env("XDG_STATE_HOME", home)
                .env_remove("GM_STATE")
                .env_remove("GM_OUTPUT")
                .arg("--sandbox")
                .args(arguments),
        )
    }
}
