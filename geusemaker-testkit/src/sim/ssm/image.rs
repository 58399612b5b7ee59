//! Parameters that name images: `resolve:ssm:NAME` in place of the id of an image.

use super::Ssm;
use super::parameter::{self, DataType, Found};
use crate::sim::context::RequestContext;
use crate::sim::ec2;
use crate::wire::ServiceError;
use crate::wire::params::Params;

/// Replaces `resolve:ssm:NAME` in the image of a launch by the id of the image.
pub(crate) fn resolve_image(
    ssm: &Ssm,
    context: &RequestContext<'_>,
    params: &mut Params,
) -> Result<(), ServiceError> {
    let image = params.optional("ImageId").unwrap_or_default();
    let Some(name) = image.strip_prefix("resolve:ssm:") else {
        return Ok(());
    };
    let refuse = |message: String| Err(ServiceError::new(ec2::Code::SsmInvalidParameter, message));
    let Found::Parameter(found) = parameter::find(ssm, name, false, context)? else {
        return refuse(format!("The parameter {name} could not be found."));
    };
    // A parameter of AWS names an image although its data type is another.
    let is_of_aws = name.starts_with(parameter::OF_AWS);
    if !is_of_aws && found["DataType"] != DataType::Image.name() {
        return refuse(format!(
            "Unsupported data type. The following parameter data types are supported: {}",
            DataType::Image.name()
        ));
    }
    params.replace("ImageId", found["Value"].as_str().unwrap_or_default());
    Ok(())
}
