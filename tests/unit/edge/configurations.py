"""A distribution with an origin group: a bucket behind a shield, then a function URL."""

NAMESPACE = "http://cloudfront.amazonaws.com/doc/2020-05-31/"
XML = f"""<DistributionConfig xmlns="{NAMESPACE}">
  <Origins><Quantity>2</Quantity><Items>
    <Origin><Id>variants</Id><DomainName>b.s3.us-east-1.amazonaws.com</DomainName>
      <OriginShield><Enabled>true</Enabled><OriginShieldRegion>eu-west-1</OriginShieldRegion>
      </OriginShield></Origin>
    <Origin><Id>renderer</Id><DomainName>x.lambda-url.us-east-1.on.aws</DomainName>
      <ConnectionAttempts>1</ConnectionAttempts><OriginShield><Enabled>false</Enabled>
      </OriginShield></Origin>
  </Items></Origins>
  <OriginGroups><Quantity>1</Quantity><Items><OriginGroup><Id>both</Id>
    <FailoverCriteria><StatusCodes><Quantity>2</Quantity><Items>
      <StatusCode>403</StatusCode><StatusCode>404</StatusCode></Items></StatusCodes>
    </FailoverCriteria>
    <Members><Quantity>2</Quantity><Items>
      <OriginGroupMember><OriginId>variants</OriginId></OriginGroupMember>
      <OriginGroupMember><OriginId>renderer</OriginId></OriginGroupMember></Items></Members>
  </OriginGroup></Items></OriginGroups>
  <DefaultCacheBehavior><TargetOriginId>both</TargetOriginId><AllowedMethods>
    <Items><Method>GET</Method><Method>HEAD</Method><Method>OPTIONS</Method></Items>
    <CachedMethods><Items><Method>GET</Method><Method>HEAD</Method></Items></CachedMethods>
  </AllowedMethods></DefaultCacheBehavior>
  <CacheBehaviors><Items><CacheBehavior><PathPattern>/api/*</PathPattern>
    <TargetOriginId>renderer</TargetOriginId><AllowedMethods><CachedMethods><Items>
      <Method>GET</Method><Method>HEAD</Method><Method>OPTIONS</Method></Items></CachedMethods>
    </AllowedMethods></CacheBehavior></Items></CacheBehaviors>
  <CustomErrorResponses><Items>
    <CustomErrorResponse><ErrorCode>403</ErrorCode><ErrorCachingMinTTL>5</ErrorCachingMinTTL>
    </CustomErrorResponse>
    <CustomErrorResponse><ErrorCode>404</ErrorCode><ErrorCachingMinTTL></ErrorCachingMinTTL>
    </CustomErrorResponse>
    <CustomErrorResponse><ErrorCode>503</ErrorCode><ErrorCachingMinTTL>0</ErrorCachingMinTTL>
    </CustomErrorResponse>
  </Items></CustomErrorResponses>
</DistributionConfig>"""
