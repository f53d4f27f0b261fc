-- What service levels say of services.
CREATE TABLE aside.core.service AS FROM core.service
