"""Names of the methods of the directory's RPC interfaces, by opnum; a table only.

A text lists the names in order of opnum; `-` stands for an opnum that no specification names, and
`N:` for a jump to opnum N. Names are those of the MS-* documents (C706 for the endpoint mapper),
without the prefix `IDL_` of MS-DRSR. Interfaces that manage a machine are in
`sensor.decode.rpc_methods_machine`.
"""

from __future__ import annotations

from typing import Final

from sensor.decode.rpc_methods_machine import TEXT as _MACHINE

_DIRECTORY: Final[dict[str, str]] = {
    "drsuapi": (
        "DRSBind DRSUnbind DRSReplicaSync DRSGetNCChanges DRSUpdateRefs DRSReplicaAdd"
        " DRSReplicaDel DRSReplicaModify DRSVerifyNames DRSGetMemberships DRSInterDomainMove"
        " DRSGetNT4ChangeLog DRSCrackNames DRSWriteSPN DRSRemoveDsServer DRSRemoveDsDomain"
        " DRSDomainControllerInfo DRSAddEntry DRSExecuteKCC DRSGetReplInfo DRSAddSidHistory"
        " DRSGetMemberships2 DRSReplicaVerifyObjects DRSGetObjectExistence DRSQuerySitesByCost"
        " DRSInitDemotion DRSReplicaDemotion DRSFinishDemotion DRSAddCloneDC DRSWriteNgcKey"
        " DRSReadNgcKey"
    ),
    "samr": (
        "SamrConnect SamrCloseHandle SamrSetSecurityObject SamrQuerySecurityObject -"
        " SamrLookupDomainInSamServer SamrEnumerateDomainsInSamServer SamrOpenDomain"
        " SamrQueryInformationDomain SamrSetInformationDomain SamrCreateGroupInDomain"
        " SamrEnumerateGroupsInDomain SamrCreateUserInDomain SamrEnumerateUsersInDomain"
        " SamrCreateAliasInDomain SamrEnumerateAliasesInDomain SamrGetAliasMembership"
        " SamrLookupNamesInDomain SamrLookupIdsInDomain SamrOpenGroup SamrQueryInformationGroup"
        " SamrSetInformationGroup SamrAddMemberToGroup SamrDeleteGroup SamrRemoveMemberFromGroup"
        " SamrGetMembersInGroup SamrSetMemberAttributesOfGroup SamrOpenAlias"
        " SamrQueryInformationAlias SamrSetInformationAlias SamrDeleteAlias SamrAddMemberToAlias"
        " SamrRemoveMemberFromAlias SamrGetMembersInAlias SamrOpenUser SamrDeleteUser"
        " SamrQueryInformationUser SamrSetInformationUser SamrChangePasswordUser"
        " SamrGetGroupsForUser SamrQueryDisplayInformation SamrGetDisplayEnumerationIndex - -"
        " SamrGetUserDomainPasswordInformation SamrRemoveMemberFromForeignDomain"
        " SamrQueryInformationDomain2 SamrQueryInformationUser2 SamrQueryDisplayInformation2"
        " SamrGetDisplayEnumerationIndex2 SamrCreateUser2InDomain SamrQueryDisplayInformation3"
        " SamrAddMultipleMembersToAlias SamrRemoveMultipleMembersFromAlias"
        " SamrOemChangePasswordUser2 SamrUnicodeChangePasswordUser2"
        " SamrGetDomainPasswordInformation SamrConnect2 SamrSetInformationUser2 - - - SamrConnect4"
        " - SamrConnect5 SamrRidToSid SamrSetDSRMPassword SamrValidatePassword"
        " 73: SamrUnicodeChangePasswordUser4"
    ),
    "lsarpc": (
        "LsarClose LsarDelete LsarEnumeratePrivileges LsarQuerySecurityObject"
        " LsarSetSecurityObject - LsarOpenPolicy LsarQueryInformationPolicy"
        " LsarSetInformationPolicy LsarClearAuditLog LsarCreateAccount LsarEnumerateAccounts"
        " LsarCreateTrustedDomain LsarEnumerateTrustedDomains LsarLookupNames LsarLookupSids"
        " LsarCreateSecret LsarOpenAccount LsarEnumeratePrivilegesAccount"
        " LsarAddPrivilegesToAccount LsarRemovePrivilegesFromAccount - -"
        " LsarGetSystemAccessAccount LsarSetSystemAccessAccount LsarOpenTrustedDomain"
        " LsarQueryInfoTrustedDomain LsarSetInformationTrustedDomain LsarOpenSecret LsarSetSecret"
        " LsarQuerySecret LsarLookupPrivilegeValue LsarLookupPrivilegeName"
        " LsarLookupPrivilegeDisplayName LsarDeleteObject LsarEnumerateAccountsWithUserRight"
        " LsarEnumerateAccountRights LsarAddAccountRights LsarRemoveAccountRights"
        " LsarQueryTrustedDomainInfo LsarSetTrustedDomainInfo LsarDeleteTrustedDomain"
        " LsarStorePrivateData LsarRetrievePrivateData LsarOpenPolicy2 LsarGetUserName"
        " LsarQueryInformationPolicy2 LsarSetInformationPolicy2 LsarQueryTrustedDomainInfoByName"
        " LsarSetTrustedDomainInfoByName LsarEnumerateTrustedDomainsEx LsarCreateTrustedDomainEx"
        " LsarCloseTrustedDomainEx LsarQueryDomainInformationPolicy"
        " LsarSetDomainInformationPolicy LsarOpenTrustedDomainByName - LsarLookupSids2"
        " LsarLookupNames2 LsarCreateTrustedDomainEx2 68: LsarLookupNames3"
        " 73: LsarQueryForestTrustInformation LsarSetForestTrustInformation 76: LsarLookupSids3"
        " LsarLookupNames4 129: LsarCreateTrustedDomainEx3 LsarOpenPolicyWithCreds"
        " LsarQueryForestTrustInformation2 LsarSetForestTrustInformation2"
    ),
    "netlogon": (
        "NetrLogonUasLogon NetrLogonUasLogoff NetrLogonSamLogon NetrLogonSamLogoff"
        " NetrServerReqChallenge NetrServerAuthenticate NetrServerPasswordSet NetrDatabaseDeltas"
        " NetrDatabaseSync NetrAccountDeltas NetrAccountSync NetrGetDCName NetrLogonControl"
        " NetrGetAnyDCName NetrLogonControl2 NetrServerAuthenticate2 NetrDatabaseSync2"
        " NetrDatabaseRedo NetrLogonControl2Ex NetrEnumerateTrustedDomains DsrGetDcName"
        " NetrLogonGetCapabilities NetrLogonSetServiceBits NetrLogonGetTrustRid"
        " NetrLogonComputeServerDigest NetrLogonComputeClientDigest NetrServerAuthenticate3"
        " DsrGetDcNameEx DsrGetSiteName NetrLogonGetDomainInfo NetrServerPasswordSet2"
        " NetrServerPasswordGet NetrLogonSendToSam DsrAddressToSiteNamesW DsrGetDcNameEx2"
        " NetrLogonGetTimeServiceParentDomain NetrEnumerateTrustedDomainsEx"
        " DsrAddressToSiteNamesExW DsrGetDcSiteCoverageW NetrLogonSamLogonEx"
        " DsrEnumerateDomainTrusts DsrDeregisterDnsHostRecords NetrServerTrustPasswordsGet"
        " DsrGetForestTrustInformation NetrGetForestTrustInformation NetrLogonSamLogonWithFlags"
        " NetrServerGetTrustInfo - DsrUpdateReadOnlyServerDnsRecords NetrChainSetClientAttributes"
        " 59: NetrServerAuthenticateKerberos"
    ),
    "dssetup": "DsRolerGetPrimaryDomainInformation",
    "nspi": (
        "NspiBind NspiUnbind NspiUpdateStat NspiQueryRows NspiSeekEntries NspiGetMatches"
        " NspiResortRestriction NspiDNToMId NspiGetPropList NspiGetProps NspiCompareMIds"
        " NspiModProps NspiGetSpecialTable NspiGetTemplateInfo NspiModLinkAtt - NspiQueryColumns"
        " NspiGetNamesFromIDs NspiGetIDsFromNames NspiResolveNames NspiResolveNamesW"
    ),
    "icpr": "CertServerRequest",
    "bkrp": "BackuprKey",
    "dnsserver": (
        "R_DnssrvOperation R_DnssrvQuery R_DnssrvComplexOperation R_DnssrvEnumRecords"
        " R_DnssrvUpdateRecord R_DnssrvOperation2 R_DnssrvQuery2 R_DnssrvComplexOperation2"
        " R_DnssrvEnumRecords2 R_DnssrvUpdateRecord2"
    ),
    "frstrans": (
        "CheckConnectivity EstablishConnection EstablishSession RequestUpdates"
        " RequestVersionVector AsyncPoll RequestRecords UpdateCancel RawGetFileData"
        " RdcGetSignatures RdcPushSourceNeeds RdcGetFileData RdcClose InitializeFileTransferAsync"
        " - RawGetFileDataAsync RdcGetFileDataAsync RdcFileDataTransferKeepAlive"
    ),
    "netdfs": (
        "NetrDfsManagerGetVersion NetrDfsAdd NetrDfsRemove NetrDfsSetInfo NetrDfsGetInfo"
        " NetrDfsEnum NetrDfsMove - - - NetrDfsAddFtRoot NetrDfsRemoveFtRoot NetrDfsAddStdRoot"
        " NetrDfsRemoveStdRoot NetrDfsManagerInitialize NetrDfsAddStdRootForced"
        " NetrDfsGetDcAddress NetrDfsSetDcAddress NetrDfsFlushFtTable NetrDfsAdd2 NetrDfsRemove2"
        " NetrDfsEnumEx NetrDfsSetInfo2 NetrDfsAddRootTarget NetrDfsRemoveRootTarget"
        " NetrDfsGetSupportedNamespaceVersion"
    ),
    "efsrpc": (
        "EfsRpcOpenFileRaw EfsRpcReadFileRaw EfsRpcWriteFileRaw EfsRpcCloseRaw"
        " EfsRpcEncryptFileSrv EfsRpcDecryptFileSrv EfsRpcQueryUsersOnFile"
        " EfsRpcQueryRecoveryAgents EfsRpcRemoveUsersFromFile EfsRpcAddUsersToFile -"
        " EfsRpcNotSupported EfsRpcFileKeyInfo EfsRpcDuplicateEncryptionInfoFile -"
        " EfsRpcAddUsersToFileEx EfsRpcFileKeyInfoEx - EfsRpcGetEncryptedFileMetadata"
        " EfsRpcSetEncryptedFileMetadata EfsRpcFlushEfsCache EfsRpcEncryptFileExSrv"
        " EfsRpcQueryProtectors"
    ),
    "epmapper": (
        "ept_insert ept_delete ept_lookup ept_map ept_lookup_handle_free ept_inq_object"
        " ept_mgmt_delete"
    ),
    "mgmt": (
        "rpc__mgmt_inq_if_ids rpc__mgmt_inq_stats rpc__mgmt_is_server_listening"
        " rpc__mgmt_stop_server_listening rpc__mgmt_inq_princ_name"
    ),
}


def _parsed(text: str) -> tuple[str, ...]:
    names: list[str] = []
    for word in text.split():
        if word.endswith(":"):
            names.extend([""] * (int(word[:-1]) - len(names)))
        else:
            names.append("" if word == "-" else word)
    return tuple(names)


METHODS: Final[dict[str, tuple[str, ...]]] = {
    name: _parsed(text) for name, text in (_DIRECTORY | _MACHINE).items()
} | {"efsrpc_lsarpc": _parsed(_DIRECTORY["efsrpc"])}
"""Interface -> names by opnum; an empty text where the opnum has no name."""
VOID: Final = frozenset({"EfsRpcCloseRaw"})
"""Methods without a return value: the end of their answer is no status."""
