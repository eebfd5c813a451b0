"""Names of directory attributes and classes by their object identifiers.

The schema of Active Directory (MS-ADA1, MS-ADA2, MS-ADA3, MS-ADSC) up to 2016, with both forms of
LAPS: what a client may write as `1.2.840.113556.1.4.8` or `USERACCOUNTCONTROL` is
userAccountControl. Tables only; knows no message.
"""

from __future__ import annotations

from typing import Final

_ATTRIBUTES: Final[dict[str, str]] = {
    "1.2.840.113556.1.4": """
1 name 2 objectGUID 3 replPropertyMetaData 4 replUpToDateVector 8 userAccountControl 11
authenticationOptions 12 badPwdCount 13 builtinCreationTime 14 builtinModifiedCount 15
msiScriptPath 16 codePage 19 cOMClassID 20 cOMInterfaceID 21 cOMProgID 24 contentIndexingAllowed
25 countryCode 26 creationTime 27 currentValue 28 dnsRoot 31 fRSReplicaSetType 32
domainPolicyObject 35 employeeID 36 enabledConnection 38 flags 39 forceLogoff 40 fromServer 41
generatedConnection 43 fRSVersionGUID 44 homeDirectory 45 homeDrive 48 keywords 49
badPasswordTime 50 lastContentIndexed 51 lastLogoff 52 lastLogon 53 lastSetTime 55 dBCSPwd 56
localPolicyFlags 57 defaultLocalPolicyObject 58 localeID 60 lockoutDuration 61
lockOutObservationWindow 62 scriptPath 64 logonHours 65 logonWorkstation 66 lSACreationTime 67
lSAModifiedCount 68 machineArchitecture 71 machineRole 72 marshalledInterface 73
lockoutThreshold 74 maxPwdAge 75 maxRenewAge 76 maxStorage 77 maxTicketAge 78 minPwdAge 79
minPwdLength 80 minTicketAge 81 modifiedCountAtLastProm 82 moniker 83 monikerDisplayName 86
userWorkstations 87 nETBIOSName 88 nextRid 89 nTGroupMembers 90 unicodePwd 91
otherLoginWorkstations 93 pwdProperties 94 ntPwdHistory 95 pwdHistoryLength 96 pwdLastSet 97
preferredOU 98 primaryGroupID 99 priorSetTime 100 priorValue 101 privateKey 103 proxyLifetime
105 remoteServerName 107 remoteSource 108 remoteSourceType 109 replicaSource 113 rpcNsBindings
114 rpcNsGroup 115 rpcNsInterfaceID 117 rpcNsPriority 118 rpcNsProfileEntry 120 schemaFlagsEx
121 securityIdentifier 122 serviceClassID 123 serviceClassInfo 125 supplementalCredentials 129
trustAuthIncoming 132 trustDirection 133 trustPartner 134 trustPosixOffset 135 trustAuthOutgoing
136 trustType 137 uNCName 138 userParameters 139 profilePath 141 versionNumber 142
winsockAddresses 144 operatorCount 145 revision 146 objectSid 148 schemaIDGUID 149
attributeSecurityGUID 150 adminCount 151 oEMInformation 152 groupAttributes 153 rid 154
serverState 155 uASCompat 156 comment 157 serverRole 158 domainReplica 159 accountExpires 160
lmPwdHistory 166 groupMembershipSAM 168 modifiedCount 169 logonCount 170 systemOnly 195
systemPossSuperiors 196 systemMayContain 197 systemMustContain 198 systemAuxiliaryClass 199
serviceInstanceVersion 200 controlAccessRights 202 auditingPolicy 205 pKTGuid 206 pKT 211
schedule 213 defaultClassStore 214 nextLevelStore 218 applicationName 219 iconPath 221
sAMAccountName 222 location 223 serverName 224 defaultSecurityDescriptor 228 portName 229
driverName 230 printSeparatorFile 231 priority 232 defaultPriority 233 printStartTime 234
printEndTime 235 printFormName 237 printBinNames 238 printMaxResolutionSupported 240
printOrientationsSupported 241 printMaxCopies 242 printCollate 243 printColor 246 printLanguage
247 printAttributes 249 cOMCLSID 250 cOMUniqueLIBID 251 cOMTreatAsClassId 253 cOMOtherProgId 254
cOMTypelibId 255 vendor 261 division 265 notes 268 eFSPolicy 269 linkTrackSecret 270
printShareName 271 printOwner 272 printNotify 273 printStatus 274 printSpooling 275
printKeepPrintedJobs 276 driverVersion 277 printMaxXExtent 278 printMaxYExtent 279
printMinXExtent 280 printMinYExtent 281 printStaplingSupported 282 printMemory 283 assetNumber
284 bytesPerMinute 285 printRate 286 printRateUnit 287 printNetworkAddress 288 printMACAddress
289 printMediaReady 290 printNumberUp 299 printMediaSupported 300 printerName 301 wbemPath 302
sAMAccountType 303 notificationList 307 options 312 rpcNsObjectID 314 rpcNsTransferSyntax 320
implementedCategories 321 requiredCategories 322 categoryId 324 packageType 325 setupCommand 326
packageName 327 packageFlags 328 versionNumberHi 329 versionNumberLo 330 lastUpdateSequence 332
birthLocation 333 oMTIndxGuid 334 volTableIdxGUID 335 currentLocation 336 volTableGUID 337
currMachineId 340 rightsGuid 341 appliesTo 344 groupsToIgnore 345 groupPriority 346
desktopProfile 356 foreignIdentifier 357 nTMixedDomain 358 netbootInitialization 359 netbootGUID
361 netbootMachineFilePath 362 siteGUID 363 operatingSystem 364 operatingSystemVersion 365
operatingSystemServicePack 366 rpcNsAnnotation 367 rpcNsCodeset 368 rIDManagerReference 369
fSMORoleOwner 370 rIDAvailablePool 371 rIDAllocationPool 372 rIDPreviousAllocationPool 373
rIDUsedPool 374 rIDNextRID 375 systemFlags 378 dnsAllowDynamic 379 dnsAllowXFR 380
dnsSecureSecondaries 381 dnsNotifySecondaries 382 dnsRecord 415 operatingSystemHotfix 420
publicKeyPolicy 421 domainWidePolicy 422 domainPolicyReference 457 localPolicyReference 458
qualityOfService 459 machineWidePolicy 470 trustAttributes 471 trustParent 472 domainCrossRef
480 defaultGroup 481 schemaUpdate 483 fRSFileFilter 484 fRSDirectoryFilter 485 fRSUpdateTimeout
486 fRSWorkingPath 487 fRSRootPath 488 fRSStagingPath 490 fRSDSPoll 491 fRSFaultCondition 494
siteServer 498 creationWizard 499 contextMenu 500 fRSServiceCommand 502 timeVolChange 503
timeRefresh 504 seqNotification 505 oMTGuid 506 objectCount 507 volumeCount 509 serviceClassName
510 serviceBindingInformation 511 flatName 512 siteObject 513 siteObjectBL 514
physicalLocationObject 515 serverReference 516 serverReferenceBL 517 ipsecPolicyReference 518
defaultHidingValue 519 lastBackupRestorationTime 520 machinePasswordChangeInterval 530
nonSecurityMember 531 nonSecurityMemberBL 532 superiorDNSRoot 533 fRSReplicaSetGUID 534
fRSLevelLimit 535 fRSRootSecurity 536 fRSExtensions 537 dynamicLDAPServer 538 prefixMap 539
initialAuthIncoming 540 initialAuthOutgoing 557 parentCA 562 adminPropertyPages 563
shellPropertyPages 565 meetingID 566 meetingName 567 meetingDescription 568 meetingKeyword 569
meetingLocation 570 meetingProtocol 571 meetingType 573 meetingApplication 574 meetingLanguage
576 meetingMaxParticipants 577 meetingOriginator 578 meetingContactInfo 579 meetingOwner 580
meetingIP 581 meetingScope 582 meetingAdvertiseScope 583 meetingURL 584 meetingRating 585
meetingIsEncrypted 586 meetingRecurrence 587 meetingStartTime 588 meetingEndTime 589
meetingBandwidth 590 meetingBlob 607 queryPolicyObject 608 queryPolicyBL 609 sIDHistory 610
classDisplayName 614 adminContextMenu 615 shellContextMenu 618 wellKnownObjects 619 dNSHostName
620 ipsecName 621 ipsecID 622 ipsecDataType 623 ipsecData 624 ipsecOwnersReference 626
ipsecISAKMPReference 627 ipsecNFAReference 628 ipsecNegotiationPolicyReference 629
ipsecFilterReference 631 printPagesPerMinute 633 policyReplicationFlags 634 privilegeDisplayName
635 privilegeValue 636 privilegeAttributes 637 privilegeHolder 638 isPrivilegeHolder 639
isMemberOfPartialAttributeSet 640 partialAttributeSet 644 showInAddressBook 645 userCert 646
otherFacsimileTelephoneNumber 647 otherMobile 648 primaryTelexNumber 649
primaryInternationalISDNNumber 650 mhsORAddress 651 otherMailbox 652 assistant 653 managedBy 654
managedObjects 655 legacyExchangeDN 656 userPrincipalName 657 serviceDNSName 659
serviceDNSNameType 660 treeName 661 isDefunct 662 lockoutTime 663 partialAttributeDeletionList
664 syncWithObject 665 syncMembership 666 syncAttributes 667 syncWithSID 668 domainCAs 669
rIDSetReferences 671 msiFileList 672 categories 673 retiredReplDSASignatures 674 rootTrust 675
catalogs 677 replTopologyStayOfExecution 679 creator 680 queryPoint 681 indexedScopes 682
friendlyNames 683 cRLPartitionedRevocationList 684 certificateAuthorityObject 685
parentCACertificateChain 686 domainID 687 cAConnect 688 cAWEBURL 689 cRLObject 690 cAUsages 692
previousCACertificates 693 pendingCACertificates 694 previousParentCA 695 pendingParentCA 696
currentParentCA 697 cACertificateDN 698 dhcpUniqueKey 699 dhcpType 700 dhcpFlags 701
dhcpIdentification 702 dhcpObjName 703 dhcpObjDescription 704 dhcpServers 705 dhcpSubnets 706
dhcpMask 707 dhcpRanges 708 dhcpSites 709 dhcpReservations 710 superScopes 711
superScopeDescription 712 optionDescription 713 optionsLocation 714 dhcpOptions 715 dhcpClasses
716 mscopeId 717 dhcpState 718 dhcpProperties 719 dhcpMaxKey 720 dhcpUpdateTime 721 ipPhone 722
otherIpPhone 748 attributeDisplayNames 749 url 750 groupType 751 userSharedFolder 752
userSharedFolderOther 753 nameServiceFlags 754 rpcNsEntryFlags 755 domainIdentifier 756
aCSTimeOfDay 757 aCSDirection 758 aCSMaxTokenRatePerFlow 759 aCSMaxPeakBandwidthPerFlow 760
aCSAggregateTokenRatePerUser 761 aCSMaxDurationPerFlow 762 aCSServiceType 763 aCSTotalNoOfFlows
764 aCSPriority 765 aCSPermissionBits 766 aCSAllocableRSVPBandwidth 767 aCSMaxPeakBandwidth 768
aCSEnableRSVPMessageLogging 769 aCSEventLogLevel 770 aCSEnableACSService 771
servicePrincipalName 772 aCSPolicyName 773 aCSRSVPLogFilesLocation 774 aCSMaxNoOfLogFiles 775
aCSMaxSizeOfRSVPLogFile 776 aCSDSBMPriority 777 aCSDSBMRefresh 778 aCSDSBMDeadTime 779
aCSCacheTimeout 780 aCSNonReservedTxLimit 781 lastKnownParent 782 objectCategory 783
defaultObjectCategory 784 aCSIdentityName 786 mailAddress 789 transportDLLName 791 transportType
806 treatAsLeaf 809 remoteStorageGUID 810 createDialog 812 createWizardExt 813
upgradeProductCode 814 msiScript 815 canUpgradeScript 816 fileExtPriority 817
localizedDescription 818 productCode 819 bridgeheadTransportList 820 bridgeheadServerListBL 821
siteList 822 siteLinkList 823 certificateTemplates 824 signatureAlgorithms 825
enrollmentProviders 843 lDAPAdminLimits 844 lDAPIPDenyList 845 msiScriptName 846 msiScriptSize
847 installUiLevel 848 appSchemaVersion 849 netbootAllowNewClients 850 netbootLimitClients 851
netbootMaxClients 852 netbootCurrentClientCount 853 netbootAnswerRequests 854
netbootAnswerOnlyValidClients 855 netbootNewMachineNamingPolicy 856 netbootNewMachineOU 857
netbootIntelliMirrorOSes 858 netbootTools 859 netbootLocallyInstalledOSes 860 netbootServer 864
netbootSCPBL 865 pekList 866 pekKeyChangeInterval 867 altSecurityIdentities 868
isCriticalSystemObject 869 frsComputerReference 870 frsComputerReferenceBL 871
fRSControlDataCreation 872 fRSControlInboundBacklog 873 fRSControlOutboundBacklog 874 fRSFlags
875 fRSMemberReference 876 fRSMemberReferenceBL 877 fRSPartnerAuthLevel 878 fRSPrimaryMember 879
fRSServiceCommandStatus 880 fRSTimeLastCommand 881 fRSTimeLastConfigChange 882 fRSVersion 883
msRRASVendorAttributeEntry 884 msRRASAttribute 885 terminalServer 886 purportedSearch 887
iPSECNegotiationPolicyType 888 iPSECNegotiationPolicyAction 889 additionalTrustedServiceNames
890 uPNSuffixes 891 gPLink 892 gPOptions 893 gPCFunctionalityVersion 894 gPCFileSysPath 895
transportAddressAttribute 896 uSNSource 897 aCSMaxAggregatePeakRatePerUser 898
aCSNonReservedTxSize 899 aCSEnableRSVPAccounting 900 aCSRSVPAccountFilesLocation 901
aCSMaxNoOfAccountFiles 902 aCSMaxSizeOfRSVPAccountFile 908 extendedClassInfo 909
extendedAttributeInfo 910 fromEntry 911 allowedChildClasses 912 allowedChildClassesEffective 913
allowedAttributes 914 allowedAttributesEffective 915 possibleInferiors 916 canonicalName 917
mSMQQueueType 918 mSMQJournal 919 mSMQQuota 920 mSMQBasePriority 921 mSMQJournalQuota 922
mSMQLabel 923 mSMQAuthenticate 924 mSMQPrivacyLevel 925 mSMQOwnerID 926 mSMQTransactional 927
mSMQSites 928 mSMQOutRoutingServers 929 mSMQInRoutingServers 930 mSMQServiceType 933
mSMQComputerType 934 mSMQForeign 935 mSMQOSType 936 mSMQEncryptKey 937 mSMQSignKey 939
mSMQNameStyle 940 mSMQCSPName 941 mSMQLongLived 942 mSMQVersion 943 mSMQSite1 944 mSMQSite2 945
mSMQSiteGates 946 mSMQCost 947 mSMQSignCertificates 948 mSMQDigests 950 mSMQServices 951
mSMQQMID 952 mSMQMigrated 953 mSMQSiteID 960 mSMQNt4Stub 961 mSMQSiteForeign 962 mSMQQueueQuota
963 mSMQQueueJournalQuota 964 mSMQNt4Flags 965 mSMQSiteName 966 mSMQDigestsMig 967
mSMQSignCertificatesMig 1119 msNPAllowDialin 1123 msNPCalledStationID 1124 msNPCallingStationID
1130 msNPSavedCallingStationID 1145 msRADIUSCallbackNumber 1153 msRADIUSFramedIPAddress 1158
msRADIUSFramedRoute 1171 msRADIUSServiceType 1189 msRASSavedCallbackNumber 1190
msRASSavedFramedIPAddress 1191 msRASSavedFramedRoute 1208 aNR 1209 shortServerName 1212
isEphemeral 1213 assocNTAccount 1224 parentGUID 1225 mSMQPrevSiteGates 1226
mSMQDependentClientServices 1227 mSMQRoutingServices 1228 mSMQDsServices 1237 mSMQRoutingService
1238 mSMQDsService 1239 mSMQDependentClientService 1240 netbootSIFFile 1241
netbootMirrorDataFile 1242 dNReferenceUpdate 1243 mSMQQueueNameExt 1244 addressBookRoots 1245
globalAddressList 1246 interSiteTopologyGenerator 1247 interSiteTopologyRenew 1248
interSiteTopologyFailover 1249 proxiedObjectName 1301 tokenGroups 1303 tokenGroupsNoGCAcceptable
1304 sDRightsEffective 1305 moveTreeState 1306 dNSProperty 1307 accountNameHistory 1308
mSMQInterval1 1309 mSMQInterval2 1310 mSMQSiteGatesMig 1311 printDuplexSupported 1312
aCSServerList 1313 aCSMaxTokenBucketPerFlow 1314 aCSMaximumSDUSize 1315 aCSMinimumPolicedSize
1316 aCSMinimumLatency 1317 aCSMinimumDelayVariation 1318 aCSNonReservedPeakRate 1319
aCSNonReservedTokenSize 1320 aCSNonReservedMaxSDUSize 1321 aCSNonReservedMinPolicedSize 1327
pKIDefaultKeySpec 1328 pKIKeyUsage 1329 pKIMaxIssuingDepth 1330 pKICriticalExtensions 1331
pKIExpirationPeriod 1332 pKIOverlapPeriod 1333 pKIExtendedKeyUsage 1334 pKIDefaultCSPs 1335
pKIEnrollmentAccess 1336 replInterval 1337 mSMQUserSid 1343 dSUIAdminNotification 1344
dSUIAdminMaximum 1345 dSUIShellMaximum 1346 templateRoots 1347 sPNMappings 1348
gPCMachineExtensionNames 1349 gPCUserExtensionNames 1353 localizationDisplayId 1354 scopeFlags
1355 queryFilter 1356 validAccesses 1357 dSCorePropagationData 1358 schemaInfo 1359
otherWellKnownObjects 1360 mS-DS-ConsistencyGuid 1361 mS-DS-ConsistencyChildCount 1363
mS-SQL-Name 1364 mS-SQL-RegisteredOwner 1365 mS-SQL-Contact 1366 mS-SQL-Location 1367
mS-SQL-Memory 1368 mS-SQL-Build 1369 mS-SQL-ServiceAccount 1370 mS-SQL-CharacterSet 1371
mS-SQL-SortOrder 1372 mS-SQL-UnicodeSortOrder 1373 mS-SQL-Clustered 1374 mS-SQL-NamedPipe 1375
mS-SQL-MultiProtocol 1376 mS-SQL-SPX 1377 mS-SQL-TCPIP 1378 mS-SQL-AppleTalk 1379 mS-SQL-Vines
1380 mS-SQL-Status 1381 mS-SQL-LastUpdatedDate 1382 mS-SQL-InformationURL 1383
mS-SQL-ConnectionURL 1384 mS-SQL-PublicationURL 1385 mS-SQL-GPSLatitude 1386 mS-SQL-GPSLongitude
1387 mS-SQL-GPSHeight 1388 mS-SQL-Version 1389 mS-SQL-Language 1390 mS-SQL-Description 1391
mS-SQL-Type 1392 mS-SQL-InformationDirectory 1393 mS-SQL-Database 1394
mS-SQL-AllowAnonymousSubscription 1395 mS-SQL-Alias 1396 mS-SQL-Size 1397 mS-SQL-CreationDate
1398 mS-SQL-LastBackupDate 1399 mS-SQL-LastDiagnosticDate 1400 mS-SQL-Applications 1401
mS-SQL-Keywords 1402 mS-SQL-Publisher 1403 mS-SQL-AllowKnownPullSubscription 1404
mS-SQL-AllowImmediateUpdatingSubscription 1405 mS-SQL-AllowQueuedUpdatingSubscription 1406
mS-SQL-AllowSnapshotFilesFTPDownloading 1407 mS-SQL-ThirdParty 1408 mS-DS-ReplicatesNCReason
1409 masteredBy 1410 mS-DS-CreatorSID 1411 ms-DS-MachineAccountQuota 1412 primaryGroupToken 1414
dNSTombstoned 1415 mSMQLabelEx 1416 mSMQSiteNameEx 1417 mSMQComputerTypeEx 1418
tokenGroupsGlobalAndUniversal 1423 msCOM-PartitionLink 1424 msCOM-PartitionSetLink 1425
msCOM-UserLink 1426 msCOM-UserPartitionSetLink 1427 msCOM-DefaultPartitionLink 1428
msCOM-ObjectId 1429 msPKI-RA-Signature 1430 msPKI-Enrollment-Flag 1431 msPKI-Private-Key-Flag
1432 msPKI-Certificate-Name-Flag 1433 msPKI-Minimal-Key-Size 1434 msPKI-Template-Schema-Version
1435 msPKI-Template-Minor-Revision 1436 msPKI-Cert-Template-OID 1437 msPKI-Supersede-Templates
1438 msPKI-RA-Policies 1439 msPKI-Certificate-Policy 1440 msDs-Schema-Extensions 1441
msDS-Cached-Membership 1442 msDS-Cached-Membership-Time-Stamp 1443 msDS-Site-Affinity 1444
msDS-Preferred-GC-Site 1458 msDS-Auxiliary-Classes 1459 msDS-Behavior-Version 1460
msDS-User-Account-Control-Computed 1621 msDS-Other-Settings 1622 msDS-Entry-Time-To-Die 1623
msWMI-Author 1624 msWMI-ChangeDate 1625 msWMI-ClassDefinition 1626 msWMI-CreationDate 1627
msWMI-ID 1628 msWMI-IntDefault 1629 msWMI-IntMax 1630 msWMI-IntMin 1631 msWMI-IntValidValues
1632 msWMI-Int8Default 1633 msWMI-Int8Max 1634 msWMI-Int8Min 1635 msWMI-Int8ValidValues 1636
msWMI-StringDefault 1637 msWMI-StringValidValues 1638 msWMI-Mof 1639 msWMI-Name 1640
msWMI-NormalizedClass 1641 msWMI-PropertyName 1642 msWMI-Query 1643 msWMI-QueryLanguage 1644
msWMI-SourceOrganization 1645 msWMI-TargetClass 1646 msWMI-TargetNameSpace 1647
msWMI-TargetObject 1648 msWMI-TargetPath 1649 msWMI-TargetType 1661 msDS-NC-Replica-Locations
1663 msDS-Replication-Notify-First-DSA-Delay 1664 msDS-Replication-Notify-Subsequent-DSA-Delay
1669 msDS-Approx-Immed-Subordinates 1671 msPKI-OID-Attribute 1672 msPKI-OID-CPS 1673
msPKI-OID-User-Notice 1674 msPKI-Certificate-Application-Policy 1675
msPKI-RA-Application-Policies 1676 msWMI-Class 1677 msWMI-Genus 1678 msWMI-intFlags1 1679
msWMI-intFlags2 1680 msWMI-intFlags3 1681 msWMI-intFlags4 1682 msWMI-Parm1 1683 msWMI-Parm2 1684
msWMI-Parm3 1685 msWMI-Parm4 1686 msWMI-ScopeGuid 1687 extraColumns 1688
msDS-Security-Group-Extra-Classes 1689 msDS-Non-Security-Group-Extra-Classes 1690
adminMultiselectPropertyPages 1692 msFRS-Topology-Pref 1693 msFRS-Hub-Member 1694 gPCWQLFilter
1695 msMQ-Recipient-FormatName 1696 lastLogonTimestamp 1697 msDS-Settings 1698 msTAPI-uid 1699
msTAPI-ProtocolId 1700 msTAPI-ConferenceBlob 1701 msTAPI-IpAddress 1702
msDS-TrustForestTrustInfo 1703 msDS-FilterContainers 1704 msDS-NCReplCursors 1705
msDS-NCReplInboundNeighbors 1706 msDS-NCReplOutboundNeighbors 1707 msDS-ReplAttributeMetaData
1708 msDS-ReplValueMetaData 1709 msDS-HasInstantiatedNCs 1710 msDS-AllowedDNSSuffixes 1711
msDS-SDReferenceDomain 1712 msPKI-OIDLocalizedName 1713 MSMQ-SecuredSource 1714
MSMQ-MulticastAddress 1715 msDS-SPNSuffixes 1716 msDS-IntId 1717 msDS-AdditionalDnsHostName 1718
msDS-AdditionalSamAccountName 1719 msDS-DnsRootAlias 1720 msDS-ReplicationEpoch 1721
msDS-UpdateScript 1780 hideFromAB 1782 msDS-KeyVersionNumber 1783 msDS-ExecuteScriptPassword
1784 msDS-LogonTimeSyncInterval 1785 msIIS-FTPRoot 1786 msIIS-FTPDir 1787
msDS-AllowedToDelegateTo 1788 msDS-PerUserTrustQuota 1789 msDS-AllUsersTrustQuota 1790
msDS-PerUserTrustTombstonesQuota 1792 msDS-AzLDAPQuery 1793 msDS-NonMembers 1794
msDS-NonMembersBL 1795 msDS-AzDomainTimeout 1796 msDS-AzScriptEngineCacheMax 1797
msDS-AzScriptTimeout 1798 msDS-AzApplicationName 1799 msDS-AzScopeName 1800 msDS-AzOperationID
1801 msDS-AzBizRule 1802 msDS-AzBizRuleLanguage 1803 msDS-AzLastImportedBizRulePath 1805
msDS-AzGenerateAudits 1806 msDS-MembersForAzRole 1807 msDS-MembersForAzRoleBL 1808
msDS-OperationsForAzTask 1809 msDS-OperationsForAzTaskBL 1810 msDS-TasksForAzTask 1811
msDS-TasksForAzTaskBL 1812 msDS-OperationsForAzRole 1813 msDS-OperationsForAzRoleBL 1814
msDS-TasksForAzRole 1815 msDS-TasksForAzRoleBL 1816 msDS-AzClassId 1817
msDS-AzApplicationVersion 1818 msDS-AzTaskIsRoleDefinition 1819 msDS-AzApplicationData 1820
msDS-HasDomainNCs 1821 msieee80211-Data 1822 msieee80211-DataType 1823 msieee80211-ID 1824
msDS-AzMajorVersion 1825 msDS-AzMinorVersion 1826 msDS-RetiredReplNCSignatures 1831
msDS-ByteArray 1832 msDS-DateTime 1833 msDS-ExternalKey 1834 msDS-ExternalStore 1835
msDS-Integer 1836 msDS-hasMasterNCs 1837 msDs-masteredBy 1840 msDS-ObjectReference 1841
msDS-ObjectReferenceBL 1842 msDs-MaxValues 1843 msDRM-IdentityCertificate 1844 msDS-QuotaTrustee
1845 msDS-QuotaAmount 1846 msDS-DefaultQuota 1847 msDS-TombstoneQuotaFactor 1848
msDS-QuotaEffective 1849 msDS-QuotaUsed 1850 msDS-TopQuotaUsage 1865 msDS-PrincipalName 1879
msDS-SourceObjectDN 1892 msPKIRoamingTimeStamp 1893 msPKIDPAPIMasterKeys 1894
msPKIAccountCredentials 1910 unixUserPassword 1913 msRADIUS-FramedInterfaceId 1914
msRADIUS-SavedFramedInterfaceId 1915 msRADIUS-FramedIpv6Prefix 1916
msRADIUS-SavedFramedIpv6Prefix 1917 msRADIUS-FramedIpv6Route 1918 msRADIUS-SavedFramedIpv6Route
1923 msDS-KrbTgtLink 1924 msDS-RevealedUsers 1925 msDS-hasFullReplicaNCs 1926
msDS-NeverRevealGroup 1928 msDS-RevealOnDemandGroup 1929 msDS-SecondaryKrbTgtNumber 1930
msDS-RevealedDSAs 1931 msDS-KrbTgtLinkBl 1932 msDS-IsFullReplicaFor 1933 msDS-IsDomainFor 1934
msDS-IsPartialReplicaFor 1940 msDS-RevealedList 1942 msDS-PhoneticFirstName 1943
msDS-PhoneticLastName 1944 msDS-PhoneticDepartment 1945 msDS-PhoneticCompanyName 1946
msDS-PhoneticDisplayName 1949 msDS-AzObjectGuid 1950 msDS-AzGenericData 1951
ms-net-ieee-80211-GP-PolicyGUID 1952 ms-net-ieee-80211-GP-PolicyData 1953
ms-net-ieee-80211-GP-PolicyReserved 1954 ms-net-ieee-8023-GP-PolicyGUID 1955
ms-net-ieee-8023-GP-PolicyData 1956 ms-net-ieee-8023-GP-PolicyReserved 1957
msDS-AuthenticatedToAccountlist 1958 msDS-AuthenticatedAtDC 1959 msDS-isGC 1960 msDS-isRODC 1961
msDS-SiteName 1962 msDS-PromotionSettings 1963 msDS-SupportedEncryptionTypes 1964
msFVE-RecoveryPassword 1965 msFVE-RecoveryGuid 1966 msTPM-OwnerInformation 1967
msDS-NC-RO-Replica-Locations 1968 msDS-NC-RO-Replica-Locations-BL 1969 samDomainUpdates 1970
msDS-LastSuccessfulInteractiveLogonTime 1971 msDS-LastFailedInteractiveLogonTime 1972
msDS-FailedInteractiveLogonCount 1973 msDS-FailedInteractiveLogonCountAtLastSuccessfulLogon 1975
msDS-RevealedListBL 1976 msTSProfilePath 1977 msTSHomeDirectory 1978 msTSHomeDrive 1979
msTSAllowLogon 1980 msTSRemoteControl 1981 msTSMaxDisconnectionTime 1982 msTSMaxConnectionTime
1983 msTSMaxIdleTime 1984 msTSReconnectionAction 1985 msTSBrokenConnectionAction 1986
msTSConnectClientDrives 1987 msTSConnectPrinterDrives 1988 msTSDefaultToMainPrinter 1989
msTSWorkDirectory 1990 msTSInitialProgram 1991 msTSProperty01 1992 msTSProperty02 1993
msTSExpireDate 1994 msTSLicenseVersion 1995 msTSManagingLS 1996
msDS-UserPasswordExpiryTimeComputed 1997 msDS-HABSeniorityIndex 1998 msFVE-VolumeGuid 1999
msFVE-KeyPackage 2000 msTSExpireDate2 2001 msTSLicenseVersion2 2002 msTSManagingLS2 2003
msTSExpireDate3 2004 msTSLicenseVersion3 2005 msTSManagingLS3 2006 msTSExpireDate4 2007
msTSLicenseVersion4 2008 msTSManagingLS4 2009 msTSLSProperty01 2010 msTSLSProperty02 2011
msDS-MaximumPasswordAge 2012 msDS-MinimumPasswordAge 2013 msDS-MinimumPasswordLength 2014
msDS-PasswordHistoryLength 2015 msDS-PasswordComplexityEnabled 2016
msDS-PasswordReversibleEncryptionEnabled 2017 msDS-LockoutObservationWindow 2018
msDS-LockoutDuration 2019 msDS-LockoutThreshold 2020 msDS-PSOAppliesTo 2021 msDS-PSOApplied 2022
msDS-ResultantPSO 2023 msDS-PasswordSettingsPrecedence 2024 msDS-NcType 2025
msDS-IsUserCachableAtRodc 2030 msDFS-SchemaMajorVersion 2031 msDFS-SchemaMinorVersion 2032
msDFS-GenerationGUIDv2 2033 msDFS-NamespaceIdentityGUIDv2 2034 msDFS-LastModifiedv2 2035
msDFS-Ttlv2 2036 msDFS-Commentv2 2037 msDFS-Propertiesv2 2038 msDFS-TargetListv2 2039
msDFS-LinkPathv2 2040 msDFS-LinkSecurityDescriptorv2 2041 msDFS-LinkIdentityGUIDv2 2042
msDFS-ShortNameLinkPathv2 2046 addressBookRoots2 2047 globalAddressList2 2048 templateRoots2
2049 msDS-BridgeHeadServersUsed 2050 msPKI-CredentialRoamingTokens 2051 msDS-OIDToGroupLink 2052
msDS-OIDToGroupLinkBl 2053 msImaging-PSPIdentifier 2054 msImaging-PSPString 2055
msDS-USNLastSyncSuccess 2056 msDS-HostServiceAccount 2057 msDS-HostServiceAccountBL 2058
isRecycled 2059 msDS-LocalEffectiveDeletionTime 2060 msDS-LocalEffectiveRecycleTime 2061
msDS-EnabledFeature 2062 msDS-OptionalFeatureGUID 2063 msDS-OptionalFeatureFlags 2066
msDS-RequiredDomainBehaviorVersion 2067 msDS-LastKnownRDN 2068 msDS-DeletedObjectLifetime 2069
msDS-EnabledFeatureBL 2070 msTSEndpointData 2071 msTSEndpointType 2072 msTSEndpointPlugin 2073
msTSPrimaryDesktop 2074 msTSPrimaryDesktopBL 2075 msTSSecondaryDesktops 2076
msPKI-Enrollment-Servers 2077 msPKI-Site-Name 2078 msTSSecondaryDesktopBL 2079
msDS-RequiredForestBehaviorVersion 2081 msSPP-CSVLKSkuId 2082 msSPP-KMSIds 2083
msSPP-InstallationId 2084 msSPP-ConfirmationId 2085 msSPP-OnlineLicense 2086 msSPP-PhoneLicense
2087 msSPP-ConfigLicense 2088 msSPP-IssuanceLicense 2095 msDS-IsUsedAsResourceSecurityAttribute
2097 msDS-ClaimPossibleValues 2098 msDS-ClaimValueType 2099 msDS-ClaimAttributeSource 2100
msDS-ClaimTypeAppliesToClass 2101 msDS-ClaimSharesPossibleValuesWith 2102
msDS-ClaimSharesPossibleValuesWithBL 2103 msDS-MembersOfResourcePropertyList 2104
msDS-MembersOfResourcePropertyListBL 2105 msSPP-CSVLKPid 2106 msSPP-CSVLKPartialProductKey 2107
msTPM-SrkPubThumbprint 2108 msTPM-OwnerInformationTemp 2109 msTPM-TpmInformationForComputer 2110
msTPM-TpmInformationForComputerBL 2128 msDNS-KeymasterZones 2130 msDNS-IsSigned 2131
msDNS-SignWithNSEC3 2132 msDNS-NSEC3OptOut 2133 msDNS-MaintainTrustAnchor 2134
msDNS-DSRecordAlgorithms 2135 msDNS-RFC5011KeyRollovers 2136 msDNS-NSEC3HashAlgorithm 2137
msDNS-NSEC3RandomSaltLength 2138 msDNS-NSEC3Iterations 2139 msDNS-DNSKEYRecordSetTTL 2140
msDNS-DSRecordSetTTL 2141 msDNS-SignatureInceptionOffset 2142
msDNS-SecureDelegationPollingPeriod 2143 msDNS-SigningKeyDescriptors 2144 msDNS-SigningKeys 2145
msDNS-DNSKEYRecords 2146 msDNS-ParentHasSecureDelegation 2147 msDNS-PropagationTime 2148
msDNS-NSEC3UserSalt 2149 msDNS-NSEC3CurrentSalt 2150 msAuthz-EffectiveSecurityPolicy 2151
msAuthz-ProposedSecurityPolicy 2152 msAuthz-LastEffectiveSecurityPolicy 2153
msAuthz-ResourceCondition 2154 msAuthz-CentralAccessPolicyID 2155
msAuthz-MemberRulesInCentralAccessPolicy 2156 msAuthz-MemberRulesInCentralAccessPolicyBL 2157
msDS-ClaimSource 2158 msDS-ClaimSourceType 2159 msDS-ClaimIsValueSpaceRestricted 2160
msDS-ClaimIsSingleValued 2166 msDS-GenerationId 2167 msDS-PrimaryComputer 2168
msDS-IsPrimaryComputerFor 2169 msKds-KDFAlgorithmID 2170 msKds-KDFParam 2171
msKds-SecretAgreementAlgorithmID 2172 msKds-SecretAgreementParam 2173 msKds-PublicKeyLength 2174
msKds-PrivateKeyLength 2175 msKds-RootKeyData 2176 msKds-Version 2177 msKds-DomainID 2178
msKds-UseStartTime 2179 msKds-CreateTime 2180 msImaging-ThumbprintHash 2181
msImaging-HashAlgorithm 2182 msDS-AllowedToActOnBehalfOfOtherIdentity 2183
msDS-GeoCoordinatesAltitude 2184 msDS-GeoCoordinatesLatitude 2185 msDS-GeoCoordinatesLongitude
2186 msDS-IsPossibleValuesPresent 2187 msDS-ValueTypeReference 2188 msDS-ValueTypeReferenceBL
2189 msDS-TransformationRules 2190 msDS-TransformationRulesCompiled 2191
msDS-IngressClaimsTransformationPolicy 2192 msDS-EgressClaimsTransformationPolicy 2193
msDS-TDOIngressBL 2194 msDS-TDOEgressBL 2195 msDS-AppliesToResourceTypes 2196
msDS-ManagedPassword 2197 msDS-ManagedPasswordId 2198 msDS-ManagedPasswordPreviousId 2199
msDS-ManagedPasswordInterval 2200 msDS-GroupMSAMembership 2203 msDS-parentdistname 2213
msDS-RIDPoolAllocationEnabled 2214 msDS-cloudExtensionAttribute1 2215
msDS-cloudExtensionAttribute2 2216 msDS-cloudExtensionAttribute3 2217
msDS-cloudExtensionAttribute4 2218 msDS-cloudExtensionAttribute5 2219
msDS-cloudExtensionAttribute6 2220 msDS-cloudExtensionAttribute7 2221
msDS-cloudExtensionAttribute8 2222 msDS-cloudExtensionAttribute9 2223
msDS-cloudExtensionAttribute10 2224 msDS-cloudExtensionAttribute11 2225
msDS-cloudExtensionAttribute12 2226 msDS-cloudExtensionAttribute13 2227
msDS-cloudExtensionAttribute14 2228 msDS-cloudExtensionAttribute15 2229
msDS-cloudExtensionAttribute16 2230 msDS-cloudExtensionAttribute17 2231
msDS-cloudExtensionAttribute18 2232 msDS-cloudExtensionAttribute19 2233
msDS-cloudExtensionAttribute20 2234 netbootDUID 2235 msDS-ReplValueMetaDataExt 2236
msds-memberOfTransitive 2238 msds-memberTransitive 2240 msDS-IssuerCertificates 2241
msDS-RegistrationQuota 2242 msDS-MaximumRegistrationInactivityPeriod 2248 msDS-IsEnabled 2249
msDS-DeviceOSType 2250 msDS-DeviceOSVersion 2251 msDS-DevicePhysicalIDs 2252 msDS-DeviceID 2257
msDS-DeviceObjectVersion 2258 msDS-RegisteredOwner 2261 msDS-DeviceLocation 2262
msDS-ApproximateLastLogonTimeStamp 2263 msDS-RegisteredUsers 2265 msDS-DrsFarmID 2269
msDS-IssuerPublicCertificates 2270 msDS-IsManaged 2271 msDS-CloudIsManaged 2273 msDS-CloudAnchor
2274 msDS-CloudIssuerPublicCertificates 2275 msDS-CloudIsEnabled 2276 msDS-SyncServerUrl 2277
msDS-UserAllowedToAuthenticateTo 2278 msDS-UserAllowedToAuthenticateFrom 2279
msDS-UserTGTLifetime 2280 msDS-ComputerAllowedToAuthenticateTo 2281 msDS-ComputerTGTLifetime
2282 msDS-ServiceAllowedToAuthenticateTo 2283 msDS-ServiceAllowedToAuthenticateFrom 2284
msDS-ServiceTGTLifetime 2285 msDS-AssignedAuthNPolicySilo 2286 msDS-AssignedAuthNPolicySiloBL
2287 msDS-AuthNPolicySiloMembers 2288 msDS-AuthNPolicySiloMembersBL 2289 msDS-UserAuthNPolicy
2290 msDS-UserAuthNPolicyBL 2291 msDS-ComputerAuthNPolicy 2292 msDS-ComputerAuthNPolicyBL 2293
msDS-ServiceAuthNPolicy 2294 msDS-ServiceAuthNPolicyBL 2295 msDS-AssignedAuthNPolicy 2296
msDS-AssignedAuthNPolicyBL 2297 msDS-AuthNPolicyEnforced 2298 msDS-AuthNPolicySiloEnforced
2328 msDS-KeyCredentialLink""",
    "1.2.840.113556.1.2": """
1 instanceType 2 whenCreated 3 whenChanged 7 subRefs 8 possSuperiors 9 helpData32 13 displayName
14 hasMasterNCs 15 hasPartialReplicaNCs 16 nCName 18 otherTelephone 19 uSNCreated 21 subClassOf
22 governsID 24 mustContain 25 mayContain 26 rDNAttID 30 attributeID 32 attributeSyntax 33
isSingleValued 34 rangeLower 35 rangeUpper 36 dMDLocation 48 isDeleted 49 mAPIID 50 linkID 54
tombstoneLifetime 74 dSASignature 76 objectVersion 81 info 83 repsTo 91 repsFrom 102 memberOf
104 ownerBL 115 invocationId 118 otherPager 120 uSNChanged 121 uSNLastObjRem 131 co 135 cost 141
department 146 company 169 showInAdvancedViewOnly 194 adminDisplayName 210 proxyAddresses 212
dSHeuristics 214 originalDisplayTableMSDOS 218 oMObjectClass 226 adminDescription 227
extensionName 231 oMSyntax 255 addressSyntax 256 streetAddress 267 uSNDSALastObjRemoved 277
otherHomePhone 281 nTSecurityDescriptor 301 garbageCollPeriod 324 addressEntryDisplayTable 325
perMsgDialogDisplayTable 326 perRecipDialogDisplayTable 327 helpFileName 334 searchFlags 350
addressType 351 auxiliaryClass 353 displayNamePrintable 370 objectClassCategory 380
extendedCharsAllowed 400 addressEntryDisplayTableMSDOS 402 helpData16 436 directReports 444
msExchAssistantName 445 originalDisplayTable 459 networkAddress 460 lDAPDisplayName 464
wWWHomePage 469 USNIntersite 471 schemaVersion 523 proxyGenerationEnabled 557 Enabled 593
msExchLabeledURI 596 msExchHouseIdentifier 598 dmdName 610 employeeNumber 613 employeeType 615
personalTitle 617 homePostalAddress""",
    "2.5.4": """
0 objectClass 2 knowledgeInformation 3 cn 4 sn 5 serialNumber 6 c 7 l 8 st 9 street 10 o 11 ou
12 title 13 description 14 searchGuide 15 businessCategory 16 postalAddress 17 postalCode 18
postOfficeBox 19 physicalDeliveryOfficeName 20 telephoneNumber 21 telexNumber 22
teletexTerminalIdentifier 23 facsimileTelephoneNumber 24 x121Address 25 internationalISDNNumber
26 registeredAddress 27 destinationIndicator 28 preferredDeliveryMethod 29 presentationAddress
30 supportedApplicationContext 31 member 32 owner 33 roleOccupant 34 seeAlso 35 userPassword 36
userCertificate 37 cACertificate 38 authorityRevocationList 39 certificateRevocationList 40
crossCertificatePair 42 givenName 43 initials 44 generationQualifier 45 x500uniqueIdentifier 49
distinguishedName 50 uniqueMember 51 houseIdentifier 53 deltaRevocationList 58
attributeCertificateAttribute""",
    "1.2.840.113556.1.6.13.3": """
1 msDFSR-Version 2 msDFSR-Extension 3 msDFSR-RootPath 4 msDFSR-RootSizeInMb 5 msDFSR-StagingPath
6 msDFSR-StagingSizeInMb 7 msDFSR-ConflictPath 8 msDFSR-ConflictSizeInMb 9 msDFSR-Enabled 10
msDFSR-ReplicationGroupType 11 msDFSR-TombstoneExpiryInMin 12 msDFSR-FileFilter 13
msDFSR-DirectoryFilter 14 msDFSR-Schedule 15 msDFSR-Keywords 16 msDFSR-Flags 17 msDFSR-Options
18 msDFSR-ContentSetGuid 19 msDFSR-RdcEnabled 20 msDFSR-RdcMinFileSizeInKb 21 msDFSR-DfsPath 22
msDFSR-RootFence 23 msDFSR-ReplicationGroupGuid 24 msDFSR-DfsLinkTarget 25 msDFSR-Priority 26
msDFSR-DeletedPath 27 msDFSR-DeletedSizeInMb 28 msDFSR-ReadOnly 29 msDFSR-CachePolicy 30
msDFSR-MinDurationCacheInMin 31 msDFSR-MaxAgeInCacheInMin 32 msDFSR-DisablePacketPrivacy 34
msDFSR-DefaultCompressionExclusionFilter 35 msDFSR-OnDemandExclusionFileFilter 36
msDFSR-OnDemandExclusionDirectoryFilter 37 msDFSR-Options2 38 msDFSR-CommonStagingPath 39
msDFSR-CommonStagingSizeInMb 40 msDFSR-StagingCleanupTriggerInPercent 100 msDFSR-MemberReference
101 msDFSR-ComputerReference 102 msDFSR-MemberReferenceBL 103 msDFSR-ComputerReferenceBL""",
    "0.9.2342.19200300.100.1": """
1 uid 2 textEncodedORAddress 3 mail 5 drink 6 roomNumber 7 photo 8 userClass 9 host 10 manager
11 documentIdentifier 12 documentTitle 13 documentVersion 14 documentAuthor 15 documentLocation
20 homePhone 21 secretary 25 dc 37 associatedDomain 38 associatedName 41 mobile 42 pager 44
uniqueIdentifier 45 organizationalStatus 48 buildingName 55 audio 56 documentPublisher 60
jpegPhoto""",
    "1.3.6.1.1.1.1": """
0 uidNumber 1 gidNumber 2 gecos 3 unixHomeDirectory 4 loginShell 5 shadowLastChange 6 shadowMin
7 shadowMax 8 shadowWarning 9 shadowInactive 10 shadowExpire 11 shadowFlag 12 memberUid 13
memberNisNetgroup 14 nisNetgroupTriple 15 ipServicePort 16 ipServiceProtocol 17 ipProtocolNumber
18 oncRpcNumber 19 ipHostNumber 20 ipNetworkNumber 21 ipNetmaskNumber 22 macAddress 23
bootParameter 24 bootFile 26 nisMapName 27 nisMapEntry""",
    "1.2.840.113556.1.6.18.1": """
300 msSFU30SearchContainer 301 msSFU30KeyAttributes 302 msSFU30FieldSeparator 303
msSFU30IntraFieldSeparator 304 msSFU30SearchAttributes 305 msSFU30ResultAttributes 306
msSFU30MapFilter 307 msSFU30MasterServerName 308 msSFU30OrderNumber 309 msSFU30Name 323
msSFU30Aliases 324 msSFU30KeyValues 339 msSFU30NisDomain 340 msSFU30Domains 341 msSFU30YpServers
342 msSFU30MaxGidNumber 343 msSFU30MaxUidNumber 345 msSFU30NSMAPFieldPosition 346
msSFU30PosixMember 347 msSFU30PosixMemberOf 348 msSFU30NetgroupHostAtDomain 349
msSFU30NetgroupUserAtDomain 350 msSFU30IsValidContainer 352 msSFU30CryptMethod""",
    "2.16.840.1.113730.3.1": """
1 carLicense 2 departmentNumber 34 middleName 35 thumbnailPhoto 36 thumbnailLogo 39
preferredLanguage 216 userPKCS12""",
    "1.2.840.113556.1.6.44.1": """
1 msLAPS-PasswordExpirationTime 2 msLAPS-Password 3 msLAPS-EncryptedPassword 4
msLAPS-EncryptedPasswordHistory 5 msLAPS-EncryptedDSRMPassword 6
msLAPS-EncryptedDSRMPasswordHistory""",
    "2.5.21": "2 dITContentRules 5 attributeTypes 6 objectClasses 9 structuralObjectClass",
    "2.5.18": "1 createTimeStamp 2 modifyTimeStamp 10 subSchemaSubEntry",
    "1.2.840.113549.1.9": "2 unstructuredName 8 unstructuredAddress",
    "1.2.840.113556.1.8000.2554.50051.45980.28112.18903.35903.6685103.1224907.2": """
1 ms-Mcs-AdmPwd 2 ms-Mcs-AdmPwdExpirationTime""",
    "1.3.6.1.4.1.1466.101.119": "3 entryTTL",
    "1.3.6.1.4.1.250.1": "57 labeledURI",
    "2.16.840.1.113730.3": "140 userSMIMECertificate",
}
"""Arcs of the identifier but the last -> pairs of the last arc and the lDAPDisplayName."""
_WITHOUT_IDENTIFIER: Final = (
    "clearTextPassword msDS-DelegatedMSAState msDS-ManagedAccountPrecededByLink "
    "msExchExternalHostName msExchInternalHostName"
)
"""Of extensions whose identifiers are not needed here, or of no attribute (CLDAP)."""
_CLASSES: Final[dict[str, str]] = {
    "2.5.6.0": "top",
    "2.5.6.6": "person",
    "2.5.6.7": "organizationalPerson",
    "1.2.840.113556.1.5.9": "user",
    "1.2.840.113556.1.3.30": "computer",
    "2.16.840.1.113730.3.2.2": "inetOrgPerson",
    "1.2.840.113556.1.5.15": "contact",
    "1.2.840.113556.1.5.8": "group",
    "2.5.6.5": "organizationalUnit",
    "1.2.840.113556.1.3.23": "container",
    "1.2.840.113556.1.5.67": "domainDNS",
    "1.2.840.113556.1.5.157": "groupPolicyContainer",
    "1.2.840.113556.1.5.34": "trustedDomain",
    "1.2.840.113556.1.5.264": "msDS-ManagedServiceAccount",
    "1.2.840.113556.1.5.282": "msDS-GroupManagedServiceAccount",
    "1.2.840.113556.1.5.178": "pKIEnrollmentService",
    "1.2.840.113556.1.5.177": "pKICertificateTemplate",
    "2.5.6.16": "certificationAuthority",
    "1.2.840.113556.1.5.126": "serviceConnectionPoint",
    "1.2.840.113556.1.5.7000.47": "nTDSDSA",
    "1.2.840.113556.1.5.17": "server",
    "1.2.840.113556.1.5.31": "site",
    "1.2.840.113556.1.5.96": "subnet",
    "1.2.840.113556.1.3.11": "crossRef",
    "1.2.840.113556.1.5.28": "secret",
    "1.2.840.113556.1.5.76": "foreignSecurityPrincipal",
    "1.2.840.113556.1.5.23": "printQueue",
    "1.2.840.113556.1.5.86": "dnsNode",
    "1.2.840.113556.1.5.85": "dnsZone",
    "1.2.840.113556.1.5.253": "msFVE-RecoveryInformation",
    "1.2.840.113556.1.3.14": "attributeSchema",
    "1.2.840.113556.1.3.13": "classSchema",
    "1.2.840.113556.1.5.278": "msKds-ProvRootKey",
    "1.2.840.113556.1.5.6": "securityPrincipal",
    "1.2.840.113556.1.3.46": "mailRecipient",
    "1.2.840.113556.1.5.66": "domain",
}


def _attributes() -> dict[str, str]:
    found: dict[str, str] = {}
    for arcs, pairs in _ATTRIBUTES.items():
        words = pairs.split()
        for i in range(0, len(words), 2):
            found[f"{arcs}.{words[i]}"] = words[i + 1]
    return found


ATTRIBUTE_BY_OID: Final = _attributes()
"""Dotted identifier -> lDAPDisplayName."""
ATTRIBUTE_BY_NAME: Final[dict[str, str]] = {
    name.lower(): name for name in (*ATTRIBUTE_BY_OID.values(), *_WITHOUT_IDENTIFIER.split())
}
"""Name in lower case -> lDAPDisplayName."""


def attribute_name(described: str) -> str:
    """The lDAPDisplayName of an attribute description; as sent where it is not known here.

    Options (`;binary`, `;range=0-*`) and the prefix `OID.` go.
    """
    name = described.partition(";")[0].strip()
    if name[:4].lower() == "oid.":
        name = name[4:]
    if "0" <= name[:1] <= "9":
        return ATTRIBUTE_BY_OID.get(name, name)
    return ATTRIBUTE_BY_NAME.get(name.lower(), name)


_CLASS_BY_NAME: Final[dict[str, str]] = {name.lower(): name for name in _CLASSES.values()}


def class_called(value: str) -> str:
    """The lDAPDisplayName of a value of objectClass, which may be an identifier; as sent where it
    is not known here.
    """
    name = value.strip().lower().removeprefix("oid.")
    return _CLASSES.get(name) or _CLASS_BY_NAME.get(name, value)


def class_name(value: str) -> str:
    """The same in lower case, to compare."""
    return class_called(value).strip().lower()
