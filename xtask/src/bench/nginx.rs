//! nginx, as a reverse proxy to compare with.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result};

use crate::moto::free_address;

/// A running nginx that passes requests on to one address; it ends when this is dropped.
pub(super) struct Nginx {
    server: Child,
    address: SocketAddr,
}

impl Nginx {
    /// Starts it with its files in a directory.
    pub(super) fn start(directory: &Path, target: SocketAddr) -> Result<Self> {
        fs::create_dir_all(directory)?;
        let address = free_address()?;
        let here = directory.display();
        let configuration = format!(
            "daemon off; pid {here}/pid; error_log {here}/error.log; worker_processes auto;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    client_body_temp_path {here}/body; proxy_temp_path {here}/proxy; fastcgi_temp_path {here}/fastcgi;
    uwsgi_temp_path {here}/uwsgi; scgi_temp_path {here}/scgi;
    keepalive_requests 1000000;
    upstream target {{ server {target}; keepalive 64; }}
    server {{
        listen {address};
        location / {{
            proxy_pass http://target;
            proxy_http_version 1.1;
            proxy_set_header Connection \"\";
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            proxy_buffering off;
        }}
    }}
}}
"
        );
        let file = directory.join("nginx.conf");
        fs::write(&file, configuration)?;
        let server = Command::new("nginx")
            .arg("-c")
            .arg(&file)
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("nginx cannot be started; install it: apt install nginx-light")?;
        Ok(Self { server, address })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // The master ends its workers when it is asked to, not when it is killed. The call fails only if it has ended.
        let terminate = format!("kill -TERM {}", self.server.id());
        let _ = Command::new("sh").args(["-c", &terminate]).status();
        let _ = self.server.wait();
    }
}
