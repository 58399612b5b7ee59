//! The arguments of `gm init`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use geusemaker_core::StackName;

use super::SpecFile;

pub(super) const INIT_EXAMPLES: &str = "Examples:
  gm init                                  asks what to write
  gm init --template vllm --yes            writes gm.toml with the values of the template
  gm init --template ollama --name chat --region eu-west-1 --instance-type g6.xlarge chat.toml";

#[derive(Args, Debug)]
pub(crate) struct Init {
    /// File to write
    #[arg(value_name = "FILE", default_value = SpecFile::DEFAULT)]
    pub(crate) file: PathBuf,
    /// Spec to start from [default with --yes: ollama]
    #[arg(long, value_enum)]
    pub(crate) template: Option<Template>,
    /// Name of the stack
    #[arg(long)]
    pub(crate) name: Option<StackName>,
    /// Tier: 1 for instances, 2 with a load balancer, 3 with a CDN
    #[arg(long, value_parser = clap::value_parser!(u8).range(1..=3))]
    pub(crate) tier: Option<u8>,
    /// Instance type; gm gpus lists those with GPUs
    #[arg(long, value_name = "TYPE")]
    pub(crate) instance_type: Option<String>,
    /// Write over a file that exists
    #[arg(long)]
    pub(crate) force: bool,
    /// Ask nothing: what is not given is as in the template
    #[arg(short, long)]
    pub(crate) yes: bool,
}

/// A spec to start from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Template {
    /// Ollama with Open WebUI
    Ollama,
    /// vLLM: an OpenAI-compatible API with a key
    Vllm,
    /// ComfyUI
    Comfyui,
    /// n8n with PostgreSQL, Qdrant and Ollama
    AiStack,
}
