//! Network interfaces that another service keeps in a VPC.

use super::Ec2;

impl Ec2 {
    /// Gives an interface other security groups, as its service was told to.
    pub(crate) fn regroup_interface(&mut self, id: &str, security_groups: Vec<String>) {
        if let Some(interface) = self.interfaces.get_mut(id) {
            interface.security_groups = security_groups;
        }
    }
}
