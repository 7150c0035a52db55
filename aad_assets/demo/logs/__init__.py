"""The sign-in, audit and provisioning logs. Their rows are made from the objects of directory/."""
