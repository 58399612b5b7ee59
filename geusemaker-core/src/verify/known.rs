//! The services that are known by their images.

use crate::spec::Service;

/// The paths at which services take WebSockets from everybody, by a part of the name of their image.
const WEBSOCKETS: [(&str, &str); 2] = [
    (
        "open-webui/open-webui",
        "/ws/socket.io/?EIO=4&transport=websocket",
    ),
    ("comfyui", "/ws"),
];

/// Returns the path at which a service takes WebSockets: that of the spec, or that of a known image.
pub(super) fn websocket(service: &Service) -> Option<&str> {
    let given = service.verify().websocket().map(AsRef::as_ref);
    given.or_else(|| {
        let image = service.image().as_str();
        let known = WEBSOCKETS.iter().find(|(part, _)| image.contains(part));
        known.map(|(_, path)| *path)
    })
}
